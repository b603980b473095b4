"""Choose references over time: the cheapest path of each part, and the passing from one to the next."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

# cost of a change of reference along a path, in units of likeness, at so many frames per second
CHANGE_COST, CHANGE_RATE = 0.05, 25
PASSING = 0.08  # s: a reference comes this long before its time and goes this long after it
MIXED = 3  # references of a part in one frame, at most


class Choice(NamedTuple):
    """The references of each part in each frame of a clip.

    references: (T, parts, K) int16, the one with the largest share first, -1 for none; shares: (T, parts, K)
    float32, whose sum is 1 for a part that has a reference, else 0.
    """

    references: np.ndarray
    shares: np.ndarray


def cheapest_path(cost: np.ndarray, starts: np.ndarray, change: float) -> np.ndarray:
    """One of R references for each of T frames: the sequence with the lowest sum of costs and changes.

    cost: (T, R); starts: (T,) bool, frames at which a change is free because a shot begins there; change:
    what one costs elsewhere. Returns (T,) int; the first of equal ones.
    """
    back = np.zeros(cost.shape, np.int32)
    places, total = np.arange(cost.shape[1]), cost[0].astype(np.float64)
    for moment in range(1, len(cost)):
        best = int(total.argmin())
        leaving = total[best] + (0 if starts[moment] else change)
        back[moment] = np.where(total <= leaving, places, best)
        total = np.minimum(total, leaving) + cost[moment]
    path = np.zeros(len(cost), np.int64)
    path[-1] = total.argmin()
    for moment in range(len(cost) - 1, 0, -1):
        path[moment - 1] = back[moment, path[moment]]
    return path


def faded(chosen: np.ndarray, sides: np.ndarray, cuts: Iterable[int], fps: Fraction | float) -> Choice:
    """The Choice in which each reference of a path gives way to the next within PASSING, not at once.

    chosen: (T, parts) int, -1 for none; sides: (T, parts), 1 for a reference from the front, -1 for one from
    the back, which never mix, 0 for neither; cuts: as in dancenow.video.cuts, which nothing crosses; fps: of
    the clip. A part has a reference in the same frames as before.
    """
    reach = max(1.0, PASSING * float(fps))
    offsets = np.arange(1 - int(np.ceil(reach)), int(np.ceil(reach)))
    moments = np.clip(np.arange(len(chosen))[:, None] + offsets, 0, len(chosen) - 1)
    shot = np.isin(np.arange(len(chosen)), list(cuts)).cumsum()
    near, turned = (np.moveaxis(each[moments], 1, 2) for each in (chosen, sides))  # (T, parts, offsets)
    mixed = (near >= 0) & (shot[moments] == shot[:, None])[:, None]
    mixed &= (chosen >= 0)[..., None] & (turned * sides[..., None] >= 0)
    weights = mixed * (1 - np.abs(offsets) / reach)
    shares = np.zeros(near.shape, np.float32)
    for place in range(len(offsets)):
        same = near == near[..., place, None]
        counted = same[..., :place].any(axis=-1)
        shares[..., place] = np.where(counted, 0, (weights * same).sum(axis=-1))
    order = np.argsort(-shares, axis=-1, kind="stable")[..., :MIXED]
    shares = np.take_along_axis(shares, order, axis=-1)
    shares /= np.maximum(shares.sum(axis=-1, keepdims=True), np.float32(1e-6))
    references = np.where(shares > 0, np.take_along_axis(near, order, axis=-1), -1)
    return Choice(references.astype(np.int16), shares)
