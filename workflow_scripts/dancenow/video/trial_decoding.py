"""Decode a track with ffmpeg on trial: the times and sizes of its frames, without their pictures."""

import math
import subprocess
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from dancenow.errors import InputError
from dancenow.video.programs import Stalled, clip_input, graph, lines, seek_input

# Times in microseconds, because a frame rate would round a varying one.
TICK = "1/1000000"
# Seconds of a sound over which its times may stand still.
ANEW = 0.5


class Undecodable(Exception):
    """ffmpeg cannot decode a track; the text is its reason."""


def decoded(
    path: str | Path,
    stream: int,
    until: int | None = None,
    begin: float | None = None,
    strict: bool = False,
    **options: Any,
) -> Iterator[tuple[float, float, tuple[int, int] | None]]:
    """Yield (time, duration, size) of every frame of one track, in ffmpeg's order.

    time, duration: s, on the time stamps of the file, duration to the sample for sound; size: (width,
    height) in px as decoded, before it is turned, None for sound. options: further ones of ffmpeg's output,
    as {"frames:v": 1}. Damaged frames are left out. Raises Undecodable, and InputError if the disk hangs.
    """
    shown = {"format": "framecrc", "enc_time_base:v": TICK, "fps_mode:v": "passthrough"}
    # With several threads ffmpeg may not notice a damaged last frame.
    threads = {"threads": 1} if strict else {}
    clip = clip_input(path, until, **seek_input(begin), **threads)[str(stream)]
    node = clip.output("pipe:", **shown, **options)
    node = node.global_args("-copyts", *(["-xerror"] if strict else []))
    tick, size = 0.0, None
    with graph(node, stdout=subprocess.PIPE) as (process, reason):
        try:
            for line in lines(process.stdout):
                words = line.replace(",", " ").split()
                if line.startswith("#tb"):
                    tick = float(Fraction(words[-1]))
                elif line.startswith("#dimensions"):
                    width, height = words[-1].split("x")
                    size = int(width), int(height)
                elif not line.startswith("#"):
                    yield int(words[2]) * tick, int(words[3]) * tick, size
        except Stalled as stalled:
            raise InputError(f"{path}: cannot be decoded, {stalled}; copy the clip to a local disk") from None
        if process.wait():
            raise Undecodable(reason())


def heard(frames: Iterable) -> tuple[float, float]:
    """(end, straying) of a sound in s: the end of its last sample, and the deviation of its time stamps.

    frames: from `decoded`. The deviation is from the times that the samples alone would give; 0 for a sound
    without a gap. Raises Undecodable when there are no frames, or when the times begin anew.
    """
    first, end, samples, straying = None, 0.0, 0.0, 0.0
    last, standing = -math.inf, 0.0
    for time, duration, _ in frames:
        first = time if first is None else first
        straying = max(straying, abs(time - first - samples))
        samples += duration
        end = max(end, time + duration)
        # ffmpeg does not pass on times that step back: they stand still until the old ones are reached.
        standing = standing + duration if time - last < duration / 2 else 0.0
        if standing > ANEW:
            raise Undecodable(
                f"its times begin anew after {end - first:.1f} s, as where recordings are joined"
            )
        last = time
    if first is None:
        raise Undecodable("the track is empty")
    return round(end, 6), round(straying, 6)
