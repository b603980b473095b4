"""How fast this machine decodes clips and finds people in them, and how much of a frame these take."""

import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.keypoints import standing_height
from dancenow.model.windows import choose_sizes, fit_window, person_boxes
from dancenow.pose.estimators.estimator import largest_people
from dancenow.pose.masks import MaskPacker
from dancenow.video.media import decode, working_size

TIMED_FRAMES, WARM_UP_FRAMES = 40, 4
# frames in which people are looked at for their size, and the distance of two: a dance's first second shows
# arms that hang
LOOKED_AT, LOOKED_APART = 20, 20
# A window of a video holds the person a few frames earlier and later as well, which frames so far apart do
# not show: measured on the demo, .59 of the frame against .48
HOLDING = 1.2
# shares of the demo's frames, where nobody is found
DEMO = {"trained": 0.46, "synthesized": 0.59, "largest": [0.8125, 0.9375]}


def measure_detection(clips: list, facts: list[dict], long_edge: int, estimator: Any) -> dict:
    """What a machine does with the clips of a target and of a source.

    clips: two paths; facts: of each, as from video.media.probe; long_edge: px; estimator: an Estimator.
    Returns {"decode", "detect"}: frames a second of the target's first TIMED_FRAMES at the working size, of
    which the first WARM_UP_FRAMES, in which libraries load, do not count as found; "windows": as from
    window_shares; "estimator", "warm".
    """
    size, source_size = (working_size(clip["width"], clip["height"], long_edge) for clip in facts)
    began = time.perf_counter()
    frames = list(islice(decode(clips[0], facts[0], *size), TIMED_FRAMES))
    decoded = time.perf_counter()
    found = _found(frames, size, estimator)
    warm = len(list(islice(found, min(WARM_UP_FRAMES, len(frames) - 1))))
    started = time.perf_counter()
    rest = sum(1 for _ in found)
    ended = time.perf_counter()
    target, source = (
        largest_people(_found(_spread(clip, fact, edges), edges, estimator))
        for clip, fact, edges in zip(clips, facts, (size, source_size), strict=True)
    )
    return {
        "decode": len(frames) / (decoded - began),
        "detect": rest / (ended - started),
        "windows": window_shares(target, source, size),
        "estimator": estimator.name,
        "warm": warm,
    }


def window_shares(target: np.ndarray, source: np.ndarray, size: tuple[int, int]) -> dict:
    """How much of a frame the generator's windows take: {"trained", "synthesized", "largest"}.

    target, source: (T, 133, 3) px, the person in some frames of each; size: (w, h) px of the target's frames.
    trained, synthesized: mean area of the windows of a training and of a video, in which the target is as
    large as ever and moves as the source; largest: (w, h) of the largest, each a share of the frame's. Those
    of the demo where nobody is seen whole.
    """
    heights = standing_height(target), standing_height(source)
    if not np.isfinite(heights).all():
        return DEMO
    sizes = choose_sizes(target, *size)
    dancing = source.copy()
    dancing[..., :2] *= heights[0] / heights[1]

    def share(keypoints: np.ndarray) -> float:
        windows = [fit_window(box, sizes, *size)[2:] for box in person_boxes(keypoints)]
        return float(np.prod(windows, axis=1).mean() / np.prod(size))

    return {
        "trained": share(target),
        "synthesized": min(1.0, HOLDING * share(dancing)),
        "largest": [edge / whole for edge, whole in zip(sizes[-1], size, strict=True)],
    }


def _spread(clip: str | Path, facts: dict, size: tuple[int, int]) -> list[np.ndarray]:
    """Frames of a clip's beginning, LOOKED_APART from each other."""
    return list(islice(decode(clip, facts, *size), 0, LOOKED_AT * LOOKED_APART, LOOKED_APART))


def _found(frames: list[np.ndarray], size: tuple[int, int], estimator: Any) -> Any:
    """The people in each frame, one after another."""
    given = (iter(frames), MaskPacker(*size)) if estimator.finds_masks else (iter(frames),)
    return estimator.detect(*given)
