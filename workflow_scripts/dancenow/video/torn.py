"""Where a recording that was cut off, as by an empty battery, stops making sense."""

import logging
from array import array
from contextlib import suppress
from pathlib import Path

import numpy as np

from dancenow.video.trial_decoding import Undecodable, decoded

__all__ = ["ends_early", "torn_at"]

log = logging.getLogger(__name__)

# A packet, and what an MPEG program stream packs it into.
TRIES = 3
# A page of an Ogg file, which has at most so many bytes, and the flag of the last one of a track.
OGG_PAGE, LARGEST_PAGE, LAST_PAGE = b"OggS", 65307, 4


def ends_early(path: str | Path) -> bool:
    """Whether the last page of an Ogg file, whose header tells no length, is not the last of its track."""
    with open(path, "rb") as film:
        size = film.seek(0, 2)
        film.seek(max(0, size - 2 * LARGEST_PAGE))
        end = film.read()
    flags = end.rfind(OGG_PAGE) + len(OGG_PAGE) + 1  # after the version
    return not (flags < len(end) and end[flags] & LAST_PAGE)


def torn_at(
    path: str | Path, stream: int, packets: dict[str, array], time_base: float, fields: bool
) -> int | None:
    """The byte at which the last, torn frame of a picture track begins; None when its end decodes as it is.

    packets: {"pts" (in `time_base` s, empty where the container has none), "pos" (byte), "key" (0 or 1)} of
    each packet, in file order; fields: whether a packet may be half a frame. Only what lies after the last
    key frame is decoded, with the key frame before to lean on. None as well when leaving out a packet or a
    few cures nothing: that is damage of another kind.
    """
    places = np.array(packets["pos"], np.int64)
    if len(places) < 2 or (places < 0).any():
        return None
    times = np.array(packets["pts"], np.int64) * time_base
    timed = len(times) == len(places)
    keys = np.flatnonzero(packets["key"])
    since = keys[-1] if len(keys) else 0
    begin = float(times[keys[-2]]) if timed and len(keys) > 1 else None
    ends = [None, *np.unique(places)[1:][: -1 - TRIES : -1].tolist()]  # a frame must be left
    for until in ends:
        there = places < until if until is not None else np.ones(len(places), bool)
        there[:since] = False
        wanted = set(np.rint(times[there] * 1000)) if timed and not fields else set()
        with suppress(Undecodable):
            given = {round(time * 1000) for time, _, _ in decoded(path, stream, until, begin, strict=True)}
            if wanted <= given:
                return until
    return None
