"""Recordings that were cut off, as by an empty battery, are used up to their last whole frame."""

import numpy as np
import pytest

from clips import ffmpeg, film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import ffprobe, media

FORMS = {
    "ts": "-c:v libx264 -bf 0 -g 10",
    "with B-frames.ts": "-c:v libx264 -bf 2 -g 10",
    "mpeg2.ts": "-c:v mpeg2video -q:v 2 -g 10",
    "flv": "-c:v libx264 -bf 0 -g 10",
    "avi": "-c:v mjpeg -pix_fmt yuvj420p -q:v 1",
    "h264": "-c:v libx264 -bf 0 -g 10",
    "mkv": "-c:v libx264 -bf 0 -g 10",
    "mp4": "-c:v libx264 -bf 0 -g 10 -movflags +frag_keyframe+empty_moov+default_base_moof",
}


def noisy(path, options):
    """A film of 30 numbered, noisy frames, so that their packets are long."""
    noise = np.random.default_rng(0).integers(-12, 13, (30, 64, 96, 1))
    frames = np.clip(numbered(30).astype(int) + noise, 0, 255).astype(np.uint8)
    return film(path, frames, options, "-an")


def recorded(folder, name, left=0.5):
    """30 frames, cut off in the 23rd packet, of which the share `left` is there."""
    path = noisy(folder / f"clip.{name}", FORMS[name])
    torn = list(ffprobe.packets(path, 0, "pos,size,pts"))[22]
    path.write_bytes(path.read_bytes()[: int(torn["pos"]) + max(2, int(int(torn["size"]) * left))])
    return path


@pytest.mark.parametrize("name", FORMS)
def test_all_but_the_torn_frame_are_kept_and_a_line_says_so(name, tmp_path, caplog):
    path = recorded(tmp_path, name)
    facts = media.probe(path)
    frames = read(path)
    assert len(frames) == facts["frames"] and 20 <= len(frames) <= 23
    # of B-frames that never came, the picture before is shown
    assert numbers(frames)[:19] == list(range(19))
    assert "torn" in caplog.text or "as far as it goes" in caplog.text or path.suffix == ".mkv"


@pytest.mark.parametrize("left", [0.02, 0.98])
def test_wherever_in_a_frame_it_was_cut(left, tmp_path):
    assert numbers(read(recorded(tmp_path, "ts", left)))[:22] == list(range(22))


@pytest.mark.parametrize("left", [2700, 3300])
def test_a_download_that_ends_where_all_frames_begin_is_damaged(left, tmp_path):
    """WMV puts several frames into one packet; without the torn one none was left, an IndexError."""
    path = noisy(tmp_path / "clip.wmv", "-c:v wmv2 -q:v 2")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(InputError) as error:
        read(path)
    one_line(error, "clip.wmv: damaged after frame", "copy the clip again")


@pytest.mark.parametrize("name", ["with B-frames.ts", "avi", "mp4"])
def test_a_whole_recording_is_not_taken_for_torn(name, tmp_path, caplog):
    path = film(tmp_path / f"clip.{name}", numbered(30), FORMS[name])
    assert media.probe(path)["until"] is None and numbers(read(path)) == list(range(30))
    assert "torn" not in caplog.text and "as far as it goes" not in caplog.text


def test_raw_dv_is_read_by_one_clock(tmp_path):
    ffmpeg("-f lavfi -i testsrc2=s=720x576:r=25:d=0.4 -pix_fmt yuv420p -f dv", tmp_path / "clip.dv")
    facts = media.probe(tmp_path / "clip.dv")
    assert (facts["fps"], facts["frames"]) == ("25/1", 10)
    assert len(read(tmp_path / "clip.dv", 96, 64)) == 10
