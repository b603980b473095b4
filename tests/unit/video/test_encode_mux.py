"""Videos as they are written: encoding, and sound that stays with the picture."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from clips import ffmpeg, ffprobe, film, numbered, numbers, one_line, read, sounding_clip
from dancenow.errors import InputError
from dancenow.video import media


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return sounding_clip(tmp_path_factory.mktemp("clip"))


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
    assert stream["color_transfer"] == stream["color_primaries"] == "bt709"
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == "30000/1001"
    times = sorted(packet["pts"] * Fraction(stream["time_base"]) for packet in report["packets"])
    assert times == [Fraction(1001 * i, 30000) for i in range(30)]
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert numbers(read(path)) == list(range(30))


@pytest.mark.parametrize("height, matrix", [(64, "smpte170m"), (718, "smpte170m"), (720, "bt709")])
def test_a_reader_that_looks_at_no_flag_sees_the_colours_of_footage(tmp_path, height, matrix):
    colours = np.array([[180, 40, 60], [40, 90, 160], [230, 190, 160], [90, 140, 60]], np.uint8)
    frame = np.repeat(np.repeat(colours[None], 24, axis=1), height, axis=0)
    written, unflagged = tmp_path / "out.mp4", tmp_path / "footage.mp4"
    media.encode(written, [frame] * 3, "25", 96, height)
    assert ffprobe(written, "stream=color_space")["streams"][0]["color_space"] == matrix
    # as cameras do of this size, without a word
    ffmpeg("-i", written, f"-vf setparams=colorspace=unknown -c:v libx264 -crf 4 {unflagged}")
    assert ffprobe(unflagged, "stream=color_space")["streams"][0].get("color_space", "unknown") == "unknown"
    centres = np.s_[height // 2, 12::24]
    for path in (written, unflagged):
        assert np.abs(read(path, 96, height)[1][centres].astype(int) - colours).max() <= 3, path
    ok, seen = cv2.VideoCapture(str(written)).read()
    if height < 720:  # OpenCV takes the same matrix whatever the size
        assert ok and np.abs(seen[centres][:, ::-1].astype(int) - colours).max() <= 3


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


def test_no_sound_in_no_sound_out(tmp_path, caplog):
    caplog.set_level("INFO")
    source = film(tmp_path / "silent_clip.mp4", numbered(10))
    facts = media.probe(source)
    assert facts["audio"] is None
    media.encode(tmp_path / "silent.mp4", numbered(10), "25/1", 96, 64)
    media.mux(tmp_path / "silent.mp4", source, facts, tmp_path / "out.mp4")
    assert "it has no sound that can be used, so the result is silent" in caplog.text
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
    "name",
    ["-y.mp4", "my dance.mp4", "pipe:1.mp4", "100%03d.mp4", "it's [1],a;b.mp4", "tänze.mp4"]
    + ["two\nlines.mp4", 'say "so".mp4', "$(touch pwned).mp4", "-i.mp4", "back\\slash.mp4", "舞.mp4"],
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
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"o {name}", f"-{name}"])
