"""What stands in a clip's place is told, with what to do."""

import io
import tarfile

import numpy as np
import pytest

from clips import film
from dancenow.errors import InputError
from dancenow.video.media import probe
from dancenow.video.torn import ends_early


def tarred():
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("clip.mp4"))
    return held.getvalue()


STANDING_IN = {
    "a ZIP": (b"PK\3\4\x14\0\0\0", "an archive, not a video; unpack it"),
    "a RAR": (b"Rar!\x1a\7\1\0", "an archive, not a video; unpack it"),
    "a tar": (tarred(), "an archive, not a video; unpack it"),
    "a photo": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture, not a video; give a clip"),
    "an animated WebP": (b"RIFF\x56\x0a\1\0WEBPVP8X", "a picture, not a video; give a clip"),
    "an answer": (b'{"error": {"code": 403}}', "what a server answered, not a video; download"),
    "a refusal": (b'\xef\xbb\xbf<?xml version="1.0"?><Error/>', "what a server answered, not a video; down"),
    "a web page": (b"\n<!DOCTYPE html><html></html>", "a web page, not a video; download the clip itself"),
    "a shortcut": (b"[InternetShortcut]\r\nURL=https://example.org", "a link, not the clip; give the file"),
    "a placeholder": (b"bplist00\xd3\1\2\3", "stands for a file that a cloud keeps; download it"),
    "a Mac's notes": (b"\0\5\x16\7\0\2\0\0Mac OS X", "what a Mac keeps beside a file; give the file"),
    "room for a download": (bytes(4096), "begins with zeros; wait until its download or copy has finished"),
}


@pytest.mark.parametrize("content, words", STANDING_IN.values(), ids=STANDING_IN)
def test_what_stands_in_the_place_of_a_clip_is_told(tmp_path, content, words):
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        probe(path)
    assert str(error.value).startswith(f"{path}: {words}")
    assert "\n" not in str(error.value)


def test_a_result_in_whose_place_something_stands_is_to_be_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/film.mp4").write_bytes(bytes(4096))
    with pytest.raises(InputError, match="begins with zeros; delete it to make it again"):
        probe("results/film.mp4")


@pytest.mark.parametrize("share", [1, 0.7])
def test_an_ogg_file_whose_end_is_lost_is_used_as_far_as_it_goes_and_told(tmp_path, caplog, share):
    noise = np.random.default_rng(0).integers(0, 256, (30, 64, 96, 3), np.uint8)
    path = film(tmp_path / "clip.ogv", noise, "-c:v libtheora -q:v 10 -g 5")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert (probe(path)["frames"] == 30) == (share == 1)
    assert ends_early(path) == (share < 1)
    assert ("its end is missing" in caplog.text) == (share < 1)
