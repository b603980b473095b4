"""Choose the frames and crops of a figure. Nothing is chosen by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import BODY, MIN_CONFIDENCE, boxes
from dancenow.video.media import decode, probe

PERSON_MARGIN = 0.12  # of the person's height, around the person


def read_moments(path: str | Path, moments: Sequence[int], width: int, height: int) -> list[np.ndarray]:
    """The frames of a video at `moments`, a list of (height, width, 3) uint8 RGB in that order.

    InputError if the video ends before.
    """
    wanted, found = set(moments), {}
    for index, frame in enumerate(decode(path, probe(path), width, height)):
        if index in wanted:
            found[index] = frame
    missing = sorted(wanted - found.keys())
    if missing:
        raise InputError(f"{path}: has no frame {missing[0]}; delete it to make it again")
    return [found[moment] for moment in moments]


def stillest(keypoints: np.ndarray, number: int) -> int:
    """First of `number` consecutive frames in which the body moves least; the earliest of equals.

    keypoints: (T, 133, 3) px, T >= number. Frames in which fewer body keypoints are seen than usual (the
    median) do not count, unless there is no window without them.
    """
    body = keypoints[:, BODY]
    seen = body[..., 2] >= MIN_CONFIDENCE
    both = seen[1:] & seen[:-1]
    way = np.linalg.norm(np.diff(body[..., :2], axis=0), axis=2)
    motion = (way * both).sum(axis=1) / np.maximum(1, both.sum(axis=1))
    poor = seen.sum(axis=1) < np.median(seen.sum(axis=1))
    steps = np.lib.stride_tricks.sliding_window_view(motion, number - 1).sum(axis=1)
    lacking = np.lib.stride_tricks.sliding_window_view(poor, number).sum(axis=1)
    return int(np.lexsort((steps, lacking))[0])


def person_window(keypoints: np.ndarray, width: int, height: int) -> tuple[int, int, int, int]:
    """A window around the person in all of the frames: (x0, y0, x1, y1) px inside the frame.

    keypoints: (T, 133, 3) px. InputError where nobody is seen.
    """
    found = boxes(keypoints)
    found = found[~np.isnan(found).any(axis=1)]
    if not len(found):
        raise InputError(
            "the normalised pose shows nobody in these frames; look at the footage of the source"
        )
    margin = PERSON_MARGIN * (found[:, 3] - found[:, 1]).max()
    x0, y0 = np.floor(found[:, :2].min(axis=0) - margin).astype(int)
    x1, y1 = np.ceil(found[:, 2:].max(axis=0) + margin + 1).astype(int)
    x0, y0, x1, y1 = max(0, int(x0)), max(0, int(y0)), min(width, int(x1)), min(height, int(y1))
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else (0, 0, width, height)
