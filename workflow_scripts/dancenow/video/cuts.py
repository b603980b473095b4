"""Cuts: places where a frame does not continue the one before. No temporal operation may cross one.

A cut is given by the index of the first frame after it, 1 to count - 1.
"""

import logging
from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np

log = logging.getLogger(__name__)

# A frame is reduced to this many squares across and down.
PATTERN_GRID = 32
# Two frames differ by 0 (the same up to brightness, contrast and tint) to about 1 (nothing in common).
DIFFERENT = 0.25
# A cut exceeds the motion around it by this factor.
STANDS_OUT = 4
# Two framings of one room may differ by no more than this; such a cut stands out from every neighbour. On
# nine real clips, frames that are no cuts stand out from all by 1.3 times at most.
ALIKE = 0.03
# For these, means over so many squares across and down are compared: of grain that changes, little is left.
COARSE = 4
# Seconds before and after that are compared; a shorter event, such as a flash, is not a cut.
SECONDS_AROUND = 0.2
LEAST_REACH = 3
# Levels of an 8-bit picture; less contrast than this is noise.
NOISE = 8


def segments(count: int, cuts: Sequence[int]) -> list[tuple[int, int]]:
    """The runs of frames between cuts: [(first, stop), ...], `stop` the index after the last.

    count: frames in all; cuts: as in this module, in any order.
    """
    edges = [0, *sorted(cut for cut in set(cuts) if 0 < cut < count), count]
    return [(first, stop) for first, stop in zip(edges, edges[1:], strict=False) if first < stop]


def segment_starts(count: int, cuts: Sequence[int]) -> np.ndarray:
    """The first frame of each frame's run, (count,) int."""
    runs = segments(count, cuts)
    return np.repeat([first for first, _ in runs], [stop - first for first, stop in runs]).astype(int)


def cuts_after(cuts: Sequence[int], first: int) -> list[int]:
    """The cuts of the footage that begins with frame `first`, counted from there."""
    return [cut - first for cut in cuts if cut > first]


class CutFinder:
    """Finds the cuts inside one clip from its frames, seen once and in order, in constant memory.

    A cut is where every frame of the fifth of a second before differs from every frame of the fifth after,
    by much more than neighbours do there. So a flash is none, for the old picture comes back; a fast turn
    of the camera is none, for there neighbours differ as well; light that changes is none, for brightness,
    contrast and tint are divided out. A cut between framings of one room changes less, and stands out from
    every neighbour. Dissolves, and small jumps of a person before an unmoved background, are not found. fps:
    of the frames.
    """

    def __init__(self, fps: Fraction) -> None:
        self.cuts = []
        self._reach = max(LEAST_REACH, round(SECONDS_AROUND * float(fps)))
        self._seen = deque(maxlen=2 * self._reach)  # the last descriptors
        self._steps = deque(maxlen=2 * self._reach)  # their differences to the one before
        self._count = 0

    def add(self, frame: np.ndarray) -> None:
        """Add the next frame, (H, W, 3) uint8."""
        seen = _descriptor(frame)
        self._steps.append(_difference(self._seen[-1], seen) if self._seen else 0.0)
        self._seen.append(seen)
        self._count += 1
        if self._count > self._reach:
            self._judge(self._reach)

    def finish(self) -> None:
        """Also test the last frames, which have less than a fifth of a second after them."""
        for after in range(min(self._reach, self._count) - 1, 1, -1):
            self._judge(after)

    def _judge(self, after: int) -> None:
        """Is the frame that `after` frames (itself included) are left from, the first after a cut?"""
        here = len(self._seen) - after
        step = self._steps[here]
        if here < 2 or step < ALIKE:
            return
        seen, steps = list(self._seen), list(self._steps)
        first = max(0, here - self._reach)
        around = steps[first + 1 : here] + steps[here + 1 :]
        before, behind = seen[first:here], seen[here : here + self._reach]
        least = min(_difference(a, b) for a in before for b in behind)
        usual, fastest = float(np.median(around)), max(around, default=0.0)
        sudden = least > STANDS_OUT * fastest and _difference(_coarse(before[-1]), _coarse(behind[0])) > ALIKE
        if sudden or least > max(DIFFERENT, STANDS_OUT * usual):
            self.cuts.append(self._count - after)


def _descriptor(frame: np.ndarray) -> np.ndarray:
    """(3, PATTERN_GRID * PATTERN_GRID) float32: each colour's pattern, its mean and contrast divided out."""
    small = cv2.resize(frame, (PATTERN_GRID, PATTERN_GRID), interpolation=cv2.INTER_AREA)
    small = small.reshape(-1, 3).T.astype(np.float32)
    small -= small.mean(axis=1, keepdims=True)
    return small / np.sqrt((small**2).mean(axis=1, keepdims=True) + NOISE**2)


def _coarse(seen: np.ndarray) -> np.ndarray:
    """A descriptor's means over COARSE squares across and down."""
    side = PATTERN_GRID // COARSE
    return seen.reshape(3, side, COARSE, side, COARSE).mean(axis=(2, 4))


def _difference(a: np.ndarray, b: np.ndarray) -> float:
    """Half the mean squared difference: 1 - the correlation where there is contrast, 0 between flat ones."""
    return float(((a - b) ** 2).mean() / 2)
