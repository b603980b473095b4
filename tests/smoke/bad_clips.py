"""Footage that cannot be used, made on the spot with plain ffmpeg; each maker writes one file."""

import shutil
from pathlib import Path

import numpy as np

from clips import ffmpeg, film, numbered

FAST_START = "-movflags +faststart"
ONE_FRAME = "-frames:v 1"


def good(path, count=10, height=64, width=96, fps="25"):
    film(path, numbered(count, height, width), "-g 1", FAST_START, fps=fps)


def text(path):
    path.write_text("this is a letter, not a video\n" * 50)


def noise(path, *options):
    """20 frames that take many bytes each."""
    film(path, np.random.default_rng(0).integers(0, 256, (20, 64, 96, 3), dtype=np.uint8), "-g 1", *options)
    return path.read_bytes()


def photo(path):
    path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))


def own_codec(path):
    good(path)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"brxq"))


def moov_missing(path):
    whole = noise(path)  # the index stands at the end
    path.write_bytes(whole[: len(whole) // 3])


def cut_in_the_middle(path):
    whole = noise(path, FAST_START)
    path.write_bytes(whole[: len(whole) // 2])


def damaged(path):
    whole = bytearray(noise(path, FAST_START))
    middle = len(whole) // 2
    whole[middle : middle + 20000] = bytes(20000)
    path.write_bytes(whole)


def two_sizes(path):
    raw = b""
    for height, width in ((64, 96), (96, 64)):
        part = path.with_suffix(".h264")
        film(part, numbered(5, height, width), "-bf 0")
        raw += part.read_bytes()
    ffmpeg("-f h264 -i pipe: -c copy", path, data=raw)


def joined(path):
    good(path)
    path.write_bytes(path.read_bytes() * 2)


def joined_streams(path):
    stream = path.with_suffix(".ts")
    good(stream)
    path.write_bytes(stream.read_bytes() * 2)


def sound(path):
    ffmpeg("-f lavfi -i sine=duration=0.3 -c:a aac", path)


def picture(path):
    still = path.with_suffix(".png")
    ffmpeg(f"-f lavfi -i color=s=96x64 {ONE_FRAME}", still)
    still.rename(path)


def web_page(path):
    path.write_text("\n<!DOCTYPE html><html><body>This link has expired.</body></html>")


def lfs_pointer(path):
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n")


def encrypted(path):
    key = f"-encryption_key {'0' * 32} -encryption_kid {'0' * 32}"
    film(path, numbered(5), "-encryption_scheme cenc-aes-ctr", key)


def no_frames(path):
    ffmpeg("-f lavfi -i color=s=96x64 -t 0 -c:v libx264 -movflags +empty_moov+default_base_moof", path)


def concat_script(path):
    path.write_text("ffconcat version 1.0\nfile secret.mp4\n")


def playlist(path):
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n")


def nobody(path):
    ffmpeg("-f lavfi -i testsrc=duration=0.12:size=192x192:rate=25 -pix_fmt yuv420p", path)


def talking_head(path, alice):
    """Head and shoulders of `alice`, the demo clip."""
    head = "-t 0.16 -an -vf crop=iw/5:iw/5:iw*0.4:ih*0.24,scale=192:192"
    ffmpeg("-i", Path(alice), head, path)


def dangling(path):
    path.symlink_to("nowhere.mp4")


def loop(path):
    path.symlink_to(path.name)


def copy(path, of):
    shutil.copy(of, path)
