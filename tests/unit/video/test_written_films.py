"""A film gets its name when all of it has been written, whatever the program that wrote it says."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest

from clips import film, one_line, sounding_clip
from dancenow.errors import InputError
from dancenow.video import ffprobe, media, programs
from dancenow.video.frames import write_frames

NOISE = np.random.default_rng(0).integers(0, 255, (8, 64, 96, 3), np.uint8)
FILMS = ["film.mp4", "chunk.mkv", "frames.avi", "sounding.mp4"]
LIAR = """#!{python}
import os, subprocess, sys
status = subprocess.run([{ffmpeg!r}, *sys.argv[1:]]).returncode
for path in (word.removeprefix("file:") for word in sys.argv if "/.partial-" in word):
    os.truncate(path, int(os.path.getsize(path) {cut}))
sys.exit(status)
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A silent film and a clip with sound."""
    folder = tmp_path_factory.mktemp("sources")
    media.encode(folder / "silent.mp4", NOISE, "25", 96, 64)
    return folder / "silent.mp4", sounding_clip(folder)


def write(path, sources):
    silent, clip = sources
    match path.name:
        case "film.mp4":
            media.encode(path, NOISE, "25", 96, 64)
        case "chunk.mkv":
            media.encode_lossless(path, NOISE, "25", 96, 64)
        case "frames.avi":
            write_frames(NOISE, "25", lambda count: {"frames": count}, path)
        case "sounding.mp4":
            media.mux(silent, clip, media.probe(clip), path)


@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("cut", ["- 1000", "/ 2", "* 0"])
def test_a_film_without_its_end_is_refused_though_ffmpeg_says_0(name, cut, sources, tmp_path, monkeypatch):
    liar = tmp_path / "ffmpeg"
    liar.write_text(LIAR.format(python=sys.executable, ffmpeg=media.ffmpeg_binary(), cut=cut))
    liar.chmod(0o755)
    monkeypatch.setattr(programs, "ffmpeg_binary", lambda: str(liar))
    with pytest.raises(InputError) as error:
        write(tmp_path / name, sources)
    one_line(error, f"{name}: cannot be written", "is the disk full?")
    assert list(tmp_path.iterdir()) == [liar]


@pytest.mark.parametrize("name", FILMS)
def test_a_film_that_does_not_fit_is_refused_down_to_the_last_byte(name, sources, tmp_path):
    write(tmp_path / name, sources)
    whole = (tmp_path / name).stat().st_size
    for path in tmp_path.iterdir():
        path.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (1000, whole // 2, whole - 400, whole - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(InputError) as error:
                write(tmp_path / name, sources)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        one_line(error, f"{name}: cannot be written", "File too large", "is the disk full?")
    assert list(tmp_path.iterdir()) == []


def test_packets_are_counted_behind_edit_lists_too(sources, tmp_path):
    """The sound of a later part of a clip begins with a packet that is not played."""
    facts = media.probe(sources[1], start=0.5)
    media.mux(sources[0], sources[1], facts, tmp_path / "out.mp4")
    counts = ffprobe.count_packets(tmp_path / "out.mp4")
    assert counts["video"] == 8 and 15 < counts["audio"] < 25


@pytest.mark.parametrize("path, remedy", [
    ("results/synthesis/a.mp4", "delete it to make it again"), ("clips/a.mp4", "copy the clip again"),
])  # fmt: skip
def test_a_film_of_the_workflow_is_made_again_and_one_of_the_user_copied(tmp_path, monkeypatch, path, remedy):
    monkeypatch.chdir(tmp_path)
    whole = film(tmp_path / "a.mp4", NOISE, "-g 1 -movflags +faststart").read_bytes()
    Path(path).parent.mkdir(parents=True)
    Path(path).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=rf"^{path}: cut short, .* are there; {remedy}$"):
        media.probe(path)
    middle = (whole.index(b"mdat") + len(whole)) // 2
    Path(path).write_bytes(whole[:middle] + bytes(10000) + whole[middle + 10000 :])
    with pytest.raises(InputError, match=rf"^{path}: damaged after frame .*; {remedy}"):
        list(media.decode(path, media.probe(path), 96, 64))
