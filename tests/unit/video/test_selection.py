"""The part of a clip that is used: to the frame, to the pixel, with its sound; several clips in one store."""

import struct
from fractions import Fraction

import numpy as np
import pytest
from test_encode_mux import flash_and_beep, sound

from clips import ffprobe, film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import media
from dancenow.video.frames import FrameStore, extract_frames


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """30 numbered frames at 25 fps, 1.2 s."""
    return film(tmp_path_factory.mktemp("clip") / "clip.mp4", numbered(30), "-bf 2")


def used(path, **wanted):
    facts = media.probe(path, **wanted)
    frames = list(media.decode(path, facts, 96, 64))
    assert len(frames) == facts["frames"]
    assert facts["duration"] == pytest.approx(len(frames) / float(Fraction(facts["fps"])))
    return numbers(frames)


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({}, range(30)),
        ({"start": 0.4}, range(10, 30)),
        ({"end": 0.4}, range(10)),
        ({"start": 0.2, "end": 1.2}, range(5, 30)),
        ({"start": 0.41, "end": 0.43}, range(10, 11)),
        ({"start": 1.16}, [29]),
        ({"fps": 25}, range(30)),
        ({"fps": 12.5, "start": 0.4}, range(10, 30, 2)),
        ({"fps": 50, "end": 0.2}, np.repeat(range(5), 2)),
        ({"fps": 10, "start": 0.2, "end": 1}, [5, 7, 10, 12, 15, 17, 20, 22]),
    ],
)
def test_start_end_and_fps_give_exactly_these_frames(wanted, expected, clip):
    shown = used(clip, **wanted)
    if wanted.get("fps") == 10:  # between two frames either may be shown
        assert np.abs(np.array(shown) - expected).max() <= 1 and len(shown) == len(expected)
    else:
        assert shown == list(expected)


def test_a_varying_rate_goes_straight_to_the_one_that_is_wanted(tmp_path):
    gaps = "select='not(between(n,5,8))'"
    path = film(tmp_path / "gaps.mkv", numbered(30), f"-vf {gaps}")
    assert media.probe(path)["variable_rate"]
    assert used(path, start=0.08, end=0.48) == [2, 3, 4, 4, 4, 4, 4, 9, 10, 11]
    assert used(path, fps=12.5) == [0, 2, 4, 4, 4, *range(10, 30, 2)]


def test_times_count_from_the_first_frame_wherever_it_stands(tmp_path):
    path = film(tmp_path / "late.ts", numbered(30), "-output_ts_offset 7")
    assert used(path, start=0.4, end=0.6) == list(range(10, 15))
    assert media.probe(path, start=0.4)["start"] == pytest.approx(media.probe(path)["start"] + 0.4)


@pytest.mark.parametrize(
    "wanted, words",
    [
        ({"start": 1.2}, ["start", "1.2 s", "1.20 s"]),
        ({"end": 1.3}, ["end", "1.3 s", "1.20 s"]),
        ({"start": 0.8, "end": 0.4}, ["end", "0.4 s", "0.8 s"]),
        ({"crop": [0, 0, 98, 64]}, ["crop", "96x64"]),
        ({"crop": [20, 40, 20, 26]}, ["crop", "96x64"]),
    ],
)
def test_a_part_that_is_not_there_is_refused_in_one_line(wanted, words, clip):
    with pytest.raises(InputError) as error:
        media.probe(clip, **wanted)
    one_line(error, "clip.mp4", *words)


# --- crop


QUARTERS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (180, 180, 60)]


def quartered(height, width):
    """Red, green over blue, yellow."""
    frame = np.zeros((height, width, 3), np.uint8)
    for i, colour in enumerate(QUARTERS):
        y, x = divmod(i, 2)
        frame[y * height // 2 : (y + 1) * height // 2, x * width // 2 : (x + 1) * width // 2] = colour
    return frame


def cropped(path, crop, size):
    facts = media.probe(path, crop=crop)
    frame = next(media.decode(path, facts, *size))
    return facts, frame


def is_all(frame, colour):
    inside = frame[4:-4, 4:-4].astype(int)
    return np.abs(inside - colour).max() <= 8


def test_crop_takes_the_named_place(tmp_path):
    path = film(tmp_path / "clip.mp4", [quartered(96, 160)] * 2)
    for i, colour in enumerate(QUARTERS):
        facts, frame = cropped(path, [80 * (i % 2), 48 * (i // 2), 80, 48], (160, 96))
        assert (facts["width"], facts["height"], facts["crop"][2:]) == (80, 48, [80, 48])
        assert is_all(frame, colour)
    _, frame = cropped(path, [40, 0, 80, 96], (80, 96))
    assert is_all(frame[:48, :40], QUARTERS[0]) and is_all(frame[48:, 40:], QUARTERS[3])


def test_crop_counts_in_px_of_the_upright_picture_with_square_pixels(tmp_path):
    path = film(tmp_path / "phone.mp4", [quartered(64, 96)] * 2, "-vf setsar=2")
    _, frame = cropped(path, [96, 0, 96, 32], (96, 32))  # 96 coded px are 192 wide
    assert is_all(frame, QUARTERS[1])
    data = bytearray(path.read_bytes())
    turned = (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)  # a quarter clockwise
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, *turned)
    path.write_bytes(data)
    facts, frame = cropped(path, [0, 96, 32, 96], (32, 96))
    assert (facts["rotation"], facts["width"], facts["height"]) == (90, 32, 96)
    assert is_all(frame, QUARTERS[3])  # what was lower right is lower left


def test_odd_places_are_taken_to_even_ones_and_told(tmp_path):
    path = film(tmp_path / "odd.mp4", [quartered(117, 173)] * 2, "-pix_fmt yuv444p")
    facts, frame = cropped(path, [3, 5, 75, 51], (96, 64))
    assert facts["crop"] == [2, 4, 74, 50] and is_all(frame, QUARTERS[0])


# --- sound


@pytest.mark.parametrize(
    "name, codec, options, part",
    [
        ("plain.mp4", "aac", {}, {"start": 0.6, "end": 1.6}),
        ("start_only.mp4", "aac", {}, {"start": 0.92}),
        ("end_only.mp4", "aac", {}, {"end": 1.4}),
        ("sound_starts_late.mp4", "aac", {"sound_late": 0.9}, {"start": 0.6}),
        ("picture_starts_late.mkv", "aac", {"picture_late": 0.4}, {"start": 0.4, "end": 1.2}),
        ("stream.ts", "aac", {}, {"start": 0.6}),
        ("mp3.mkv", "libmp3lame", {}, {"start": 0.68}),
        ("opus.mkv", "libopus", {}, {"start": 0.72}),
        ("flac.mkv", "flac", {}, {"start": 0.6}),
        ("pcm.mov", "pcm_s16le", {"sound_late": 0.9}, {"start": 0.6, "end": 1.6}),
        ("faster.mp4", "aac", {}, {"start": 0.6, "fps": 60}),
    ],
)
def test_flash_and_beep_stay_together_in_a_part(name, codec, options, part, tmp_path):
    source = flash_and_beep(tmp_path / name, codec, **options)
    facts = media.probe(source, **part)
    media.encode(tmp_path / "silent.mp4", media.decode(source, facts, 64, 64), facts["fps"], 64, 64)
    media.mux(tmp_path / "silent.mp4", source, facts, tmp_path / "out.mp4")
    frames = [frame.mean() for frame in read(tmp_path / "out.mp4", 64, 64)]
    fps = part.get("fps", 25)
    flash, beep = np.argmax(frames) / fps, np.argmax(sound(tmp_path / "out.mp4") > 500) / 48000
    assert flash == pytest.approx(1.2 - options.get("picture_late", 0) - part.get("start", 0), abs=0.5 / fps)
    assert abs(beep - flash) < min(1 / 25, 1 / fps)
    report = ffprobe(tmp_path / "out.mp4", "packet=codec_type,pts_time:format=duration")
    assert float(report["format"]["duration"]) == pytest.approx(len(frames) / fps, abs=0.02)
    heard = [float(packet["pts_time"]) for packet in report["packets"] if packet["codec_type"] == "audio"]
    assert min(heard) > -0.2 and max(heard) < len(frames) / fps  # nothing more is given away


# --- several clips


def store(folder, clips, **wanted):
    parts = wanted.pop("parts", [{}] * len(clips))
    facts = [media.probe(clip, **part, **wanted) for clip, part in zip(clips, parts, strict=True)]
    extract_frames(clips, facts, 96, folder / "alice.avi")
    return FrameStore(folder / "alice.avi")


def test_clips_stand_one_after_another_and_their_beginnings_are_cuts(clip, tmp_path):
    other = film(tmp_path / "other.mkv", numbered(12, 128, 192))
    parts = [{"start": 0.8}, {"end": 0.24}, {"start": 0.4, "end": 0.6}]
    made = store(tmp_path / "out", [clip, other, clip], parts=parts)
    assert numbers(made) == [*range(20, 30), *range(6), *range(10, 15)]
    assert made.cuts == [10, 16]
    assert [facts["first"] for facts in made.facts["clips"]] == [0, 10, 16]
    assert [facts["file"] for facts in made.facts["clips"]] == ["clip.mp4", "other.mkv", "clip.mp4"]
    assert [facts["fit"]["scale"] for facts in made.facts["clips"]] == [1.0, 0.5, 1.0]


def test_cuts_inside_a_clip_are_added_and_logged_with_their_time(tmp_path, caplog):
    caplog.set_level("INFO")
    rng = np.random.default_rng(0)
    shots = [rng.integers(0, 255, (4, 6, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(3)]
    film(tmp_path / "cut.mp4", np.repeat(shots[:2], [10, 20], axis=0))
    film(tmp_path / "whole.mp4", np.repeat(shots[2:], 10, axis=0))
    made = store(
        tmp_path / "out", [tmp_path / "whole.mp4", tmp_path / "cut.mp4"], parts=[{}, {"start": 0.08}]
    )
    assert made.cuts == [10, 18]
    assert "cut.mp4: a cut at 0.40 s, frame 18" in caplog.text


def test_clips_of_different_shape_or_rate_are_refused_by_name(clip, tmp_path):
    tall = film(tmp_path / "tall.mp4", numbered(5, 96, 64))
    with pytest.raises(InputError) as error:
        store(tmp_path / "out", [clip, tall])
    one_line(error, "clip.mp4 96x64", "tall.mp4 64x96", "crop")
    fast = film(tmp_path / "fast.mp4", numbered(6), fps="50")
    with pytest.raises(InputError) as error:
        store(tmp_path / "out", [clip, fast])
    one_line(error, "clip.mp4 25/1", "fast.mp4 50/1", "fps")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())
    same = store(tmp_path / "out", [clip, fast], fps=25)
    assert numbers(same) == [*range(30), 0, 2, 4]
    fitting = store(
        tmp_path / "out", [clip, tall], parts=[{"crop": [0, 0, 64, 64]}, {"crop": [0, 8, 64, 64]}]
    )
    assert (fitting.width, fitting.height) == (96, 96)
