"""How fast this machine decodes a clip and finds the people in it."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

from dancenow.pose.masks import MaskPacker
from dancenow.video.media import decode, working_size

TIMED_FRAMES, WARM = 40, 4


def measure_detection(clip: str | Path, facts: dict, long_edge: int, estimator: Any) -> dict:
    """{"decode", "detect"}: frames a second of a clip's first TIMED_FRAMES at the working size; the first
    WARM found, in which libraries load, do not count. facts: as from video.media.probe; estimator: an
    Estimator.
    """
    size = working_size(facts["width"], facts["height"], long_edge)
    began = time.perf_counter()
    frames = list(islice(decode(clip, facts, *size), TIMED_FRAMES))
    decoded = time.perf_counter()
    given = (iter(frames), MaskPacker(*size)) if estimator.finds_masks else (iter(frames),)
    found = estimator.detect(*given)
    warm = len(list(islice(found, min(WARM, len(frames) - 1))))
    started = time.perf_counter()
    rest = sum(1 for _ in found)
    return {
        "decode": len(frames) / (decoded - began),
        "detect": rest / (time.perf_counter() - started),
        "estimator": estimator.name,
        "warm": warm,
    }
