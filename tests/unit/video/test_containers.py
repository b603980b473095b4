"""What a container says of its picture (crops, tracks, fragments, beginnings) is read as it is shown.

Clips are made with ffmpeg and by exchanging a few bytes.
"""

import ast
import struct

import numpy as np
import pytest
from test_encode_mux import sound
from test_selection import QUARTERS, is_all, quartered

from clips import ffmpeg, film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import ffprobe, media


def first_frame(path):
    facts = media.probe(path)
    return facts, next(media.decode(path, facts, facts["width"], facts["height"]))


# --- crops

# left, top, right, bottom of 160x96 px, and the quarters whose colours are left
MARGINS = {
    "left": ((80, 0, 0, 0), (1, 1, 3, 3)),
    "top": ((0, 48, 0, 0), (2, 3, 2, 3)),
    "right": ((0, 0, 80, 0), (0, 0, 2, 2)),
    "bottom": ((0, 0, 0, 48), (0, 1, 0, 1)),
    "two sides": ((16, 0, 64, 48), (0, 0, 0, 0)),
    "odd": ((81, 48, 1, 0), (3, 3, 3, 3)),
}


def shows(frame, quarters):
    height, width = frame.shape[:2]
    parts = [
        frame[y : y + height // 2, x : x + width // 2] for y in (0, height // 2) for x in (0, width // 2)
    ]
    if quarters == (0, 0, 0, 0):  # 80 px, of which 64 are left of the middle
        return is_all(frame[:, :64], QUARTERS[0]) and is_all(frame[:, 64:], QUARTERS[1])
    return all(is_all(part, QUARTERS[i]) for part, i in zip(parts, quarters, strict=True))


def crop_in_matroska(path, left, top, right, bottom):
    """Put PixelCrop elements into the place of FlagInterlaced and what follows in Video; two at most."""
    data = bytearray(path.read_bytes())
    place = data.index(bytes.fromhex("b081a0ba8160")) + 6  # PixelWidth 160, PixelHeight 96
    end = place - 6 + (data[place - 7] & 0x7F)
    ids = {"54cc": left, "54bb": top, "54dd": right, "54aa": bottom}
    written = b"".join(bytes.fromhex(key) + bytes([0x81, value]) for key, value in ids.items() if value)
    room = end - place - len(written)
    data[place:end] = written + bytes([0xEC, 0x80 | room - 2]) + bytes(room - 2)
    path.write_bytes(data)


def clean_aperture(path, left, top, right, bottom, width=160, height=96):
    """Put a clap box at the end of the sample entry of an mp4 whose index is at its end."""
    data = bytearray(path.read_bytes())
    across, down = width - left - right, height - top - bottom
    values = (across, 1, down, 1, left - right, 2, top - bottom, 2)
    box = struct.pack(">I4s8i", 40, b"clap", *values)
    entry = data.index(b"avc1", data.index(b"stsd")) - 4
    end = entry + struct.unpack_from(">I", data, entry)[0]
    data[end:end] = box
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        place = data.rindex(name, 0, entry + 8) - 4
        struct.pack_into(">I", data, place, struct.unpack_from(">I", data, place)[0] + len(box))
    path.write_bytes(data)


@pytest.mark.parametrize("name", [name for name in MARGINS if name != "two sides"])
def test_matroska_crops_a_side(name, tmp_path):
    margins, quarters = MARGINS[name]
    if name == "odd":
        margins, quarters = (81, 0, 0, 0), (1, 1, 3, 3)
    path = film(tmp_path / "clip.mkv", [quartered(96, 160)] * 2)
    crop_in_matroska(path, *margins)
    facts, frame = first_frame(path)
    left, top, right, bottom = margins
    size = (160 - left - right) // 2 * 2, 96 - top - bottom
    assert (facts["width"], facts["height"]) == size == (facts["coded_width"], facts["coded_height"])
    assert shows(frame, quarters)


@pytest.mark.parametrize("name", MARGINS)
def test_a_clean_aperture_is_what_is_shown(name, tmp_path):
    margins, quarters = MARGINS[name]
    path = film(tmp_path / "clip.mov", [quartered(96, 160)] * 2)
    clean_aperture(path, *margins)
    facts, frame = first_frame(path)
    left, top, right, bottom = margins
    size = (160 - left - right) // 2 * 2, (96 - top - bottom) // 2 * 2
    assert (facts["width"], facts["height"]) == size and shows(frame, quarters)


def test_a_crop_of_ours_counts_within_that_of_the_container(tmp_path):
    path = film(tmp_path / "clip.mov", [quartered(96, 160)] * 2)
    clean_aperture(path, 40, 0, 40, 0)
    facts = media.probe(path, crop=[40, 48, 40, 48])
    assert is_all(next(media.decode(path, facts, 64, 64)), QUARTERS[3])


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_conformance_window_is_what_is_shown(codec, tmp_path):
    encoder = "-c:v libx265 -x265-params log-level=error" if codec == "hevc" else ""
    window = f"-bsf:v {codec}_metadata=crop_left=80:crop_top=48"
    path = film(tmp_path / "clip.mp4", [quartered(96, 160)] * 2, encoder, window)
    facts, frame = first_frame(path)
    assert (facts["width"], facts["height"]) == (80, 48) and shows(frame, (3, 3, 3, 3))


# --- tracks


def two_pictures(path, sizes, default):
    """A film of each size, the second of green; `default`: the indices of the flagged."""
    for i, size in enumerate(sizes):
        colour = ("red", "green")[i]
        ffmpeg(f"-f lavfi -i color={colour}:s={size}:r=25:d=0.4 -c:v libx264", path.with_suffix(f".{i}.mp4"))
    flags = " ".join(f"-disposition:v:{i} {'default' if i in default else 0}" for i in range(2))
    inputs = (word for i in range(2) for word in ("-i", path.with_suffix(f".{i}.mp4")))
    ffmpeg(*inputs, f"-map 0 -map 1 -c copy {flags}", path)
    return path


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    "sizes, default, taken",
    [
        (("64x64", "128x96"), [1], 1),
        (("128x96", "64x64"), [1], 1),
        (("64x64", "128x96"), [0], 0),
        (("64x64", "128x96"), None, 1),
        (("64x64", "128x96"), [0, 1], 1),
        (("64x64", "64x64"), [0, 1], 0),
    ],
)
def test_the_default_track_else_the_largest_is_taken_and_the_others_named(
    sizes, default, taken, suffix, tmp_path, caplog
):
    caplog.set_level("INFO")
    # mp4 flags the first where nobody does
    default = ([0, 1] if suffix == "mp4" else []) if default is None else default
    path = two_pictures(tmp_path / f"clip.{suffix}", sizes, default)
    facts, frame = first_frame(path)
    assert facts["stream"] == taken and f"{facts['width']}x{facts['height']}" == sizes[taken]
    assert np.argmax(frame[16, 16]) == taken
    assert (
        f"{taken} (h264, {sizes[taken]}) is used, not {1 - taken} (h264, {sizes[1 - taken]})" in caplog.text
    )


def test_a_picture_in_an_unknown_codec_is_passed_over(tmp_path, caplog):
    caplog.set_level("INFO")
    path = two_pictures(tmp_path / "clip.mp4", ("128x96", "64x64"), [0])
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz", 2))  # the brand, and the first track's
    facts, frame = first_frame(path)
    assert facts["stream"] == 1 and np.argmax(frame[16, 16]) == 1
    assert "1 (h264, 64x64) is used, not 0 (" in caplog.text


def test_a_picture_in_an_unknown_codec_alone_is_refused_by_its_name(tmp_path):
    """As from a cinema camera, or an app whose codec is its own."""
    clip = film(tmp_path / "clip.mov", numbered(10))
    clip.write_bytes(clip.read_bytes().replace(b"avc1", b"brxq"))
    with pytest.raises(InputError) as error:
        media.probe(clip)
    one_line(error, "clip.mov", "ffmpeg cannot decode (brxq)", "export it as H.264")


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_thumbnail_of_one_frame_is_not_the_picture_though_flagged_as_default(suffix, tmp_path, caplog):
    caplog.set_level("INFO")
    film(tmp_path / "film.mp4", numbered(10))
    ffmpeg("-f lavfi -i color=red:s=160x120 -frames:v 1 -c:v mjpeg", tmp_path / "one.mkv")
    inputs = ("-i", tmp_path / "one.mkv", "-i", tmp_path / "film.mp4")
    path = tmp_path / f"clip.{suffix}"
    ffmpeg(*inputs, "-map 0 -map 1 -c copy -disposition:v:0 default -disposition:v:1 0", path)
    assert numbers(read(path)) == list(range(10))
    assert "1 (h264, 96x64) is used, not 0 (mjpeg, 160x120)" in caplog.text


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_large_cover_is_not_the_picture(suffix, tmp_path):
    film(tmp_path / "film.mp4", numbered(10))
    ffmpeg("-f lavfi -i color=red:s=640x480 -frames:v 1", tmp_path / "cover.png")
    inputs = ("-i", tmp_path / "cover.png", "-i", tmp_path / "film.mp4")
    ffmpeg(*inputs, "-map 0 -map 1 -c copy -disposition:v:0 attached_pic", tmp_path / f"clip.{suffix}")
    assert numbers(read(tmp_path / f"clip.{suffix}")) == list(range(10))


# --- beginnings


def boxes(data):
    """The outermost boxes of an mp4."""
    place = 0
    while place < len(data):
        size = struct.unpack_from(">I", data, place)[0]
        yield data[place : place + size]
        place += size


def fragments(path):
    """30 numbered frames, of which each ten are a fragment: [ftyp, moov, moof, mdat, moof, ...]."""
    film(path, numbered(30), "-g 10 -bf 2 -movflags +frag_keyframe+empty_moov+default_base_moof")
    return list(boxes(path.read_bytes()))


def test_fragments_from_the_middle_of_a_stream_are_whole(tmp_path):
    path = tmp_path / "clip.mp4"
    parts = fragments(path)
    path.write_bytes(b"".join(parts[:2] + parts[4:]))
    facts = media.probe(path)
    assert facts["frames"] == 20 and facts["start"] == pytest.approx(0.4, abs=0.1)
    assert numbers(read(path)) == list(range(10, 30))


def test_a_download_that_ends_in_its_first_frame_is_to_be_copied_again(tmp_path):
    path = tmp_path / "clip.mp4"
    parts = fragments(path)
    path.write_bytes(b"".join(parts[:3]) + parts[3][:100])  # ftyp, moov, moof, and of the mdat a little
    with pytest.raises(InputError) as error:
        media.probe(path)
    told = one_line(error, "clip.mp4: no frame can be decoded (", "may be cut short", "copy it again")
    assert "filters" not in told and "EOF" not in told


OPEN = "-c:v libx265 -x265-params log-level=error:open-gop=1:keyint=10:min-keyint=10:scenecut=0:bframes=3"


@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_leading_frames_of_an_open_beginning_are_skipped_with_a_line(suffix, tmp_path, caplog):
    caplog.set_level("INFO")
    film(tmp_path / "whole.ts", numbered(30), OPEN)
    packets = list(ffprobe.packets(tmp_path / "whole.ts", 0, "flags"))
    lost = [i for i, packet in enumerate(packets) if "K" in packet["flags"]][1]
    path = tmp_path / f"clip.{suffix}"
    ffmpeg("-i", tmp_path / "whole.ts", f"-c copy -bsf:v noise=drop=lt(n\\,{lost})", path)
    assert media.probe(path)["frames"] == 20 < 30 - lost
    assert numbers(read(path)) == list(range(10, 30))
    assert "skipped" in caplog.text


@pytest.mark.parametrize("codec", ["-c:v libx264", "-c:v mpeg2video -q:v 2", "-c:v mpeg4 -q:v 2"])
def test_a_recording_that_begins_between_key_frames_begins_with_the_next(codec, tmp_path, caplog):
    caplog.set_level("INFO")
    beep = "-f lavfi -i sine=f=1000:r=48000:d=1.2,volume=0:enable='not(between(t,0.8,0.9))'"
    noise = np.random.default_rng(0).integers(0, 200, (30, 64, 96, 3), np.uint8)
    noise[20] = 255
    film(tmp_path / "whole.ts", noise, codec, "-g 10 -bf 2 -c:a mp2", sound=beep)
    path = tmp_path / "clip.ts"
    ffmpeg("-i", tmp_path / "whole.ts", "-c copy -bsf:v noise=drop=lt(n\\,4)", path)
    facts = media.probe(path)
    frames = read(path)
    assert len(frames) == facts["frames"] and 18 <= len(frames) <= 25 and "skipped" in caplog.text
    media.encode(tmp_path / "silent.mp4", frames, facts["fps"], 96, 64)
    media.mux(tmp_path / "silent.mp4", path, facts, tmp_path / "out.mp4")
    flash = np.argmax([frame.mean() for frame in frames]) / 25
    assert np.argmax(sound(tmp_path / "out.mp4") > 500) / 48000 == pytest.approx(flash, abs=0.04)


VP9 = "libvpx-vp9 -deadline realtime -cpu-used 8"


@pytest.mark.parametrize(
    "codec, suffix",
    [
        *((VP9, "webm"), ("libvpx", "mkv"), ("libaom-av1 -cpu-used 8 -usage realtime", "mkv")),
        *(("libx264 -bf 2", "mp4"), ("libx264 -bf 2", "mov"), ("libx264 -bf 0", "avi")),
        *(("mpeg4 -q:v 2 -sc_threshold 1000000000", suffix) for suffix in ("avi", "mp4")),
    ],
)
def test_what_comes_before_the_first_key_frame_is_skipped_in_every_codec(codec, suffix, tmp_path, caplog):
    caplog.set_level("INFO")
    whole = film(tmp_path / f"whole.{suffix}", numbered(30), f"-c:v {codec} -g 10")
    path = tmp_path / f"clip.{suffix}"
    ffmpeg("-i", whole, "-c copy -copyinkf -bsf:v noise=drop=lt(n\\,4)", path)
    facts = media.probe(path)
    assert facts["frames"] in (19, 20) and numbers(read(path)) == list(range(10, 10 + facts["frames"]))
    assert "frames depend on frames that were cut off; skipped" in caplog.text


# --- changes


def in_a_row(path, *films):
    """H.264 of each (height, width, frames, pixel format), one after another, in the container of `path`."""
    raw = path.with_suffix(".h264")
    data = b""
    for height, width, count, pixels in films:
        film(path.with_suffix(".part.h264"), numbered(count, height, width), f"-pix_fmt {pixels} -bf 0")
        data += path.with_suffix(".part.h264").read_bytes()
    raw.write_bytes(data)
    if path != raw:
        ffmpeg("-i", raw, "-c copy", path)
    return path


@pytest.mark.parametrize("suffix", ["mp4", "ts", "h264"])
@pytest.mark.parametrize(
    "films, told",
    [
        ([(64, 96, 10), (96, 64, 10)], "from 96x64 px (yuv420p) to 64x96 px (yuv420p) at frame 10"),
        (
            [(64, 96, 10), (96, 64, 5), (64, 96, 10)],
            "from 96x64 px (yuv420p) to 64x96 px (yuv420p) at frame 10",
        ),
        ([(64, 96, 1), (128, 192, 20)], "from 96x64 px (yuv420p) to 192x128 px (yuv420p) at frame 1"),
    ],
)
def test_a_picture_that_changes_its_size_is_refused_with_the_frame(films, told, suffix, tmp_path):
    path = in_a_row(tmp_path / f"clip.{suffix}", *((*one, "yuv420p") for one in films))
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, f"clip.{suffix}", f"its picture changes {told}", "re-encode it to one size")


def test_a_picture_that_changes_its_format_is_refused_with_the_frame(tmp_path):
    path = in_a_row(tmp_path / "clip.ts", (64, 96, 10, "yuv420p"), (64, 96, 10, "yuv444p"))
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, "clip.ts", "from 96x64 px (yuv420p) to 96x64 px (yuv444p) at frame 10")


def test_a_picture_whose_pixels_change_their_shape_is_refused_with_the_frame(tmp_path):
    for name, aspect in (("narrow", "4:3"), ("wide", "16:9")):
        film(tmp_path / f"{name}.ts", numbered(10), f"-aspect {aspect}")
    (tmp_path / "list.txt").write_text("file narrow.ts\nfile wide.ts\n")
    ffmpeg("-f concat -i", tmp_path / "list.txt", "-c copy", tmp_path / "clip.ts")
    with pytest.raises(InputError) as error:
        media.probe(tmp_path / "clip.ts")
    one_line(error, "clip.ts", "from 96x64 px (yuv420p, pixels 8:9) to", "pixels 32:27) at frame 10")


@pytest.mark.parametrize("codec", ["libvpx-vp9 -deadline realtime -cpu-used 8", "libvpx"])
def test_a_recording_whose_size_follows_the_network_is_refused(codec, tmp_path):
    for name, size in (("a", (64, 96)), ("b", (32, 48))):
        film(tmp_path / f"{name}.mkv", numbered(6, *size), f"-c:v {codec} -strict unofficial")
    (tmp_path / "list.txt").write_text("file a.mkv\nfile b.mkv\nfile a.mkv\n")
    ffmpeg("-f concat -i", tmp_path / "list.txt", "-c copy", tmp_path / "clip.mkv")
    with pytest.raises(InputError) as error:
        read(tmp_path / "clip.mkv")
    one_line(error, "clip.mkv", "its picture changes from 96x64 px", "to 48x32 px", "at frame 6")


@pytest.mark.parametrize(
    "mode, remedy",
    [
        ("left_right", "crop: [0, 0, 48, 64]"),
        ("bottom_top", "crop: [0, 0, 96, 32]"),
        ("row_interleaved_lr", "export it in 2D"),
        ("block_lr", "export it in 2D"),
        ("mono", None),
    ],
)
def test_a_picture_that_holds_two_is_refused_unless_one_is_named(mode, remedy, tmp_path):
    clip = film(tmp_path / "both_eyes.mkv", numbered(4), f"-metadata:s:v stereo_mode={mode}")
    if remedy is None:
        assert media.probe(clip)["width"] == 96
        return
    with pytest.raises(InputError) as error:
        media.probe(clip)
    one_line(error, "both_eyes.mkv: 3D, each picture holds two", remedy)
    if "crop" in remedy:
        half = ast.literal_eval(remedy.removeprefix("crop: "))
        assert media.probe(clip, crop=half)["width"] == half[2]
