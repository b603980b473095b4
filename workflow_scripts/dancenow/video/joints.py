"""Recordings joined byte by byte, as by `cat`: told before anything is computed, with how to join them."""

import mmap
import re
import shlex
from array import array
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.video.boxes import count_indexes
from dancenow.video.trial_decoding import Undecodable, decoded

__all__ = ["refuse_jump", "refuse_second_file", "refuse_torn_joint"]

# s; times that step back further, or in a stream ahead, begin anew; so judges ffmpeg, too.
STEP_BACK = 0.1
STEP_AHEAD = 10
FLV_HEADER = rb"FLV\x01[\x00-\x05]\x00\x00\x00\x09"


def refuse_second_file(path: str | Path, kind: str) -> None:
    """Raise InputError for an mp4 or FLV behind which lies another, that no program would ever show.

    kind: the file's format.
    """
    if ("mp4" in kind and count_indexes(path) > 1) or (kind == "flv" and _count(path, FLV_HEADER) > 1):
        raise InputError(_told(path, "of which only the first is ever shown"))


def refuse_jump(path: str | Path, kind: str, dts: array, time_base: float) -> None:
    """Raise InputError where the times of a picture track begin anew.

    kind: the file's format; dts: of its packets in file order, in units of `time_base` (s).
    """
    steps = np.diff(np.array(dts, np.int64)) * time_base
    ahead = STEP_AHEAD if "mpeg" in kind else np.inf
    jumps = np.flatnonzero((steps < -STEP_BACK) | (steps > ahead))
    if len(jumps):
        before = (dts[jumps[0]] - dts[0]) * time_base
        how = f"its times begin anew after {before:.1f} s"
        if kind == "mpeg":  # a DVD's clock begins anew within a file, of which there are no parts
            how += f" (of a DVD's one file, write it anew: {_copy(path)})"
        raise InputError(_told(path, how))


def refuse_torn_joint(path: str | Path, stream: int, until: int | None) -> None:
    """Raise InputError where packets of an MPEG transport stream are missing, or numbered anew as at a joint.

    until: the byte from which on the file is left out.
    """
    copied: dict[str, Any] = {"c:v": "copy"}
    try:
        for _ in decoded(path, stream, until, strict=True, **copied):
            pass
    except Undecodable as error:
        raise InputError(
            f"{path}: its packets do not follow each other ({error}), as where parts of a stream were joined "
            f"or lost; write it anew: {_copy(path)}"
        ) from None


def _count(path: str | Path, pattern: bytes) -> int:
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return sum(1 for _ in re.finditer(pattern, data))


def _copy(path: str | Path) -> str:
    """The command that writes a stream anew as an mp4, with times that go on."""
    return shlex.join(["ffmpeg", "-i", str(path), "-c", "copy", str(Path(path).with_suffix(".mp4"))])


def _told(path: str | Path, how: str) -> str:
    suffix = Path(path).suffix
    form = ".mkv" if suffix in {".mkv", ".webm"} else ".mp4"
    return (
        f"{path}: several recordings joined byte by byte, {how}; join them without loss: "
        rf"""printf "file '%s'\n" ONE{suffix} TWO{suffix} > list.txt && """
        f"ffmpeg -f concat -i list.txt -c copy joined{form}"
    )
