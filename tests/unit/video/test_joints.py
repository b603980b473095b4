"""Recordings joined byte by byte are refused by the probe, and what its line says gives one that is right."""

import os
import shlex
import subprocess

import numpy as np
import pytest
from test_sound import result, samples

from clips import ffmpeg, film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import media
from dancenow.video.frames import FrameStore, extract_frames

FORMS = {
    "aac.ts": "-c:v libx264 -g 10 -c:a aac",
    "plain.ts": "-c:v libx264 -bf 0 -g 10 -c:a mp2",
    "mpeg2.ts": "-c:v mpeg2video -q:v 1 -c:a mp2",
    "hevc.ts": "-c:v libx265 -x265-params log-level=none -c:a aac",
    "camcorder.mts": "-c:v libx264 -g 10 -c:a ac3 -mpegts_m2ts_mode 1",
    "disc.mpg": "-c:v mpeg2video -q:v 1 -c:a mp2",
    "opus.mkv": "-c:v libx264 -g 10 -c:a libopus",
    "stream.flv": "-c:v libx264 -g 10 -c:a aac",
    "phone.mp4": "-c:v libx264 -g 10 -c:a aac",
    "recorder.mp4": "-c:v libx264 -g 10 -c:a aac -movflags +frag_keyframe+empty_moov+default_base_moof",
}


def beeping(path, *options):
    """30 numbered frames with a beep at 0.5 s."""
    beep = "-f lavfi -i sine=f=1000:r=48000:d=1.2,volume=0:enable='not(between(t,0.5,0.6))'"
    return film(path, numbered(30), FORMS[path.name[1:]], *options, sound=beep)


def joined(folder, name, offset=0.0):
    """(the joined clip, its two parts); the times of the second part begin `offset` s later."""
    parts = [
        beeping(folder / f"1{name}"),
        beeping(folder / f"2{name}", f"-output_ts_offset {offset}" if offset else ""),
    ]
    clip = folder / name
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    return clip, parts


def remedied(clip, parts, message):
    """Do what the message says, with the parts in their places; returns the new clip."""
    ones = {"ONE": f"1{clip.stem}", "TWO": f"2{clip.stem}"}
    command = message.rpartition(": ")[2]
    for word, name in ones.items():
        command = command.replace(word, name)
    folder = clip.parent / "programs"
    folder.mkdir()
    (folder / "ffmpeg").symlink_to(media.ffmpeg_binary())
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, shell=True, cwd=clip.parent, check=True, env=os.environ | {"PATH": path})
    return clip.parent / shlex.split(command)[-1]


def beeps(path):
    """When the beeps of a finished video begin, s."""
    loud = np.flatnonzero(samples(path) > 500)
    return loud[np.diff(loud, prepend=-48000) > 4800] / 48000


@pytest.mark.parametrize("name", FORMS)
def test_the_probe_says_how_to_join_them_and_that_is_right(name, tmp_path):
    clip, parts = joined(tmp_path, name)
    with pytest.raises(InputError) as error:
        media.probe(clip)
    message = one_line(error, f"{name}: several recordings joined byte by byte", "-f concat -i list.txt")
    facts, made = result(remedied(clip, parts, message), tmp_path)
    # ffmpeg leaves out frames of a program stream, and one of HEVC, that have no times
    lost = 2 if name in {"disc.mpg", "hevc.ts"} else 0
    assert 60 - lost <= facts["frames"] <= 62
    shown = numbers(read(tmp_path / f"joined{'.mkv' if name.endswith('mkv') else '.mp4'}"))
    assert [number for number in shown if number in (10, 20)] == [10, 20, 10, 20]
    second = np.flatnonzero(np.array(shown) == 10)[1] / float(facts["frames"] / facts["duration"])
    assert beeps(made) == pytest.approx([0.5, second + 0.1], abs=0.06)


def test_one_file_of_a_dvd_whose_clock_begins_anew_is_written_anew(tmp_path):
    clip, parts = joined(tmp_path, "disc.mpg")
    for part in parts:
        part.unlink()
    with pytest.raises(InputError) as error:
        media.probe(clip)
    message = one_line(error, "disc.mpg: ", "(of a DVD's one file, write it anew: ffmpeg -i ")
    remedy = message.partition("anew: ")[2].partition(");")[0]
    whole = media.probe(remedied(clip, parts, f"run: {remedy}"))
    assert 58 <= whole["frames"] <= 62 and whole["audio"]["straying"] < 0.1


@pytest.mark.parametrize("offset", [0.6, 30, 100])
@pytest.mark.parametrize("turned", [False, True])
def test_however_far_the_times_jump(offset, turned, tmp_path):
    clip, parts = joined(tmp_path, "aac.ts", offset)
    if turned:
        clip.write_bytes(b"".join(part.read_bytes() for part in reversed(parts)))
    with pytest.raises(InputError) as error:
        media.probe(clip)
    one_line(error, "aac.ts", "its times begin anew after 1.2 s", "-f concat")


def test_parts_of_a_stream_whose_times_go_on_need_not_be_given_anew(tmp_path):
    """As downloaded: only the packets' numbers begin anew."""
    whole = beeping(tmp_path / "1aac.ts")
    ffmpeg("-i", whole, "-c copy -f segment -segment_time 0.4", tmp_path / "part%d.ts")
    clip = tmp_path / "a dance.ts"
    clip.write_bytes(b"".join((tmp_path / f"part{i}.ts").read_bytes() for i in range(3)))
    with pytest.raises(InputError) as error:
        media.probe(clip)
    message = one_line(error, "a dance.ts: its packets do not follow each other", "-c copy")
    assert numbers(read(remedied(clip, [], message))) == list(range(30))


def chapter(path, codec, count):
    """As GoPro writes: picture, sound, and the data tracks gpmd and tmcd; `count` frames at 30000/1001."""
    text = path.with_suffix(".srt")
    text.write_text("1\n00:00:00,000 --> 00:00:00,900\nx\n\n")
    beep = "-f lavfi -i sine=f=1000:r=48000:d=1.2,volume=0:enable='not(between(t,0.5,0.6))'"
    maps = f"-map 0:v -map 1:a -map 2 -c:a aac -c:s mov_text -timecode 10:20:30;05 -t {count * 1.001 / 30}"
    film(path, numbered(30)[:count], codec, maps, fps="30000/1001", sound=f"{beep} -i {text}")
    data = path.read_bytes()
    for old, new in {b"tx3g": b"gpmd", b"sbtl": b"meta", b"text": b"meta"}.items():
        data = data.replace(old, new)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("codec", ["-c:v libx264", "-c:v libx265 -tag:v hvc1 -x265-params log-level=none"])
def test_chapters_of_a_recording_are_clips_in_the_order_given(codec, tmp_path):
    clips = [
        chapter(tmp_path / "GX010001.MP4", codec, 30),
        chapter(tmp_path / "GX020001.MP4", "-c:v libx264", 24),
    ]
    facts, made = result(clips[0], tmp_path)
    assert beeps(made) == pytest.approx([0.5], abs=0.06)
    extract_frames(clips, [media.probe(clip) for clip in clips], 96, tmp_path / "anna.avi")
    store = FrameStore(tmp_path / "anna.avi")
    assert numbers(store[i] for i in range(len(store))) == [*range(30), *range(24)]
    assert store.cuts == [30] and [clip["first"] for clip in store.facts["clips"]] == [0, 30]
    assert (facts["fps"], facts["audio"]["stream"]) == ("30000/1001", 1)


@pytest.mark.parametrize("seconds, frames", [(9, 255), (11, None)])
def test_a_pause_of_a_stream_is_none_unless_it_is_long(seconds, frames, tmp_path):
    """As where a broadcast was not received for a while."""
    whole, clip = beeping(tmp_path / "1plain.ts"), tmp_path / "plain.ts"
    later = f"setts=ts=TS+gte(N\\,12)*{seconds}/TB"
    ffmpeg("-i", whole, f"-an -c copy -bsf:v {later}", clip)
    if frames:
        assert media.probe(clip)["frames"] == frames
        return
    with pytest.raises(InputError) as error:
        media.probe(clip)
    one_line(error, "plain.ts", "its times begin anew after 0.4 s")
