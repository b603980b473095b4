"""The boxes of an mp4 or mov, for what ffmpeg does not report of them."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

__all__ = [
    "at_another_speed",
    "count_indexes",
    "endless_edit",
    "in_fragments",
    "in_pieces",
    "is_encrypted",
    "is_photo",
    "walk",
]

# From the outermost level to the edit list of a track.
TO_EDITS = (b"moov", b"trak", b"edts", b"elst")
# To the descriptions of its samples, and how that of an encrypted picture is called, by MPEG and by Apple.
TO_SAMPLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
ENCRYPTED = {b"encv", b"drmi"}
# Of an entry of an edit list, by its version: duration, beginning (-1 for a pause), rate.
ENTRIES = {0: ">IiI", 1: ">QqI"}
# Rates of edits that play as recorded: 1, of 16 bits behind the point, and what some write in its place.
AS_RECORDED = {1 << 16, 1, 0}
# How photos in boxes call themselves (HEIC, AVIF).
PHOTOS = {b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"}


def in_fragments(path: str | Path) -> bool:
    """Whether a file is an mp4 made of fragments: a box moof at its outermost level."""
    return b"moof" in _outermost(path)


def count_indexes(path: str | Path) -> int:
    """The number of boxes moov at the outermost level of a file: one for each mp4 that was joined to it."""
    return _outermost(path).count(b"moov")


def endless_edit(path: str | Path) -> bool:
    """Whether a track's edit list, in a file that is no fragments, has an edit of duration 0.

    QuickTime and some phones mean: to the end. ffmpeg shows nothing of it.
    """
    return any(duration == 0 for edits in _edits(path) for duration in edits) and not in_fragments(path)


def at_another_speed(path: str | Path) -> bool:
    """Whether a track's edit list plays it slower or faster than recorded, which ffmpeg does not do."""
    return any(rate not in AS_RECORDED for edits in _entries(path) for _, rate in edits)


def in_pieces(path: str | Path) -> bool:
    """Whether a track's edit list shows several pieces of it, as when its middle was cut out.

    ffmpeg then shows the right frames at the wrong times, and copies the sound of what was cut out.
    """
    return any(len(edits) > 1 for edits in _edits(path))


def is_encrypted(path: str | Path) -> bool:
    """Whether a track of a file, an mp4 or mov, is a picture that only players with its key can show."""
    with open(path, "rb") as file:
        bodies = _bodies(file, 0, Path(path).stat().st_size, TO_SAMPLES)
        return any(body[12:16] in ENCRYPTED for body in bodies)


def is_photo(path: str | Path) -> bool:
    """Whether a file is a photo, such as the still half of a phone's Live Photo, without a film in it."""
    with open(path, "rb") as file:
        head = file.read(12)
    return head[4:8] == b"ftyp" and head[8:] in PHOTOS and not count_indexes(path)


def _outermost(path: str | Path) -> list[bytes]:
    with open(path, "rb") as file:
        return [kind for kind, _, _ in walk(file, 0, Path(path).stat().st_size)]


def _edits(path: str | Path) -> Iterator[list[int]]:
    """Of each track with an edit list, the durations of its edits; pauses are left out."""
    for edits in _entries(path):
        yield [duration for duration, _ in edits]


def _entries(path: str | Path) -> Iterator[list[tuple[int, int]]]:
    """The same, as (duration, rate)."""
    with open(path, "rb") as file:
        for body in _bodies(file, 0, Path(path).stat().st_size, TO_EDITS):
            if entry := ENTRIES.get(body[0] if body else -1):
                size = struct.calcsize(entry)
                entries = struct.iter_unpack(entry, body[8 : 8 + max(0, len(body) - 8) // size * size])
                yield [(duration, rate) for duration, begin, rate in entries if begin >= 0]


def _bodies(file: BinaryIO, start: int, end: int, kinds: tuple[bytes, ...]) -> Iterator[bytes]:
    """The contents of the boxes at the end of a path of kinds, between two bytes of the file."""
    for kind, begin, stop in walk(file, start, end):
        if kind == kinds[0] and len(kinds) > 1:
            yield from _bodies(file, begin, min(stop, end), kinds[1:])
        elif kind == kinds[0]:
            file.seek(begin)
            yield file.read(min(stop, end, begin + (1 << 16)) - begin)


def walk(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, first byte, byte after the last) of the content of each box between two bytes of the file.

    A box that was cut off, or whose size is wrong, ends behind `end`.
    """
    while start + 8 <= end:
        file.seek(start)
        head = file.read(16)
        size, kind, length = int.from_bytes(head[:4]), head[4:8], 8
        if size == 1:
            size, length = int.from_bytes(head[8:]), 16
        size = size or end - start  # the last box may leave it out
        if size < length or start + length > end:
            return
        yield kind, start + length, start + size
        start += size
