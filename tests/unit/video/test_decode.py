"""Frames as they are decoded: all of them, in time; damage is reported, and ffmpeg never left running."""

import struct
import subprocess

import numpy as np
import pytest

from clips import ffmpeg, film, numbered, numbers, one_line, read, sounding_clip
from dancenow.errors import InputError
from dancenow.video import media


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return sounding_clip(tmp_path_factory.mktemp("clip"))


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
    monkeypatch.setattr(subprocess, "Popen", Spy)
    frames = media.decode(clip, facts, 96, 64)
    next(frames)
    assert started[0].returncode is None
    frames.close()
    assert started[0].returncode is not None
