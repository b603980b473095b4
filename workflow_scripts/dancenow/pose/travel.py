"""Shorten the travel of a dancer who moves farther than the target's frame is wide, but not the dance.

A camera that follows a skater shows them in every frame; the frame of a result does not follow,
so without this the figure would leave it for good. The path of the body over a second or more
is shortened; sways and steps stay, so feet slide.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

from dancenow.keypoints import BODY, Pose, sides_of
from dancenow.stretches import interpolated

WAY_SECONDS = 0.5  # s: standard deviation of the Gaussian that separates travel from dance
REACH_QUANTILE = 0.9  # quantile over the frames of the body's reach to a side of its middle
# of the body's keypoints beyond the sides in the clip and in its worst second: with less, nothing is changed,
# and the clip alone would hide somebody who is gone for seconds of a long one
OUTSIDE_SHARE, OUTSIDE_SECOND = 0.02, 0.1
HIPS = sides_of("hip")


def keep_within(pose: Pose) -> tuple[Pose, float]:
    """(Pose, share): the figure kept inside the sides of its frame, and the remaining share of its travel.

    pose: Pose. Nothing is changed, and the share is 1, unless more than OUTSIDE_SHARE of the seen body's
    keypoints, or OUTSIDE_SECOND of those of some second, lie beyond the left and right sides. Otherwise the
    smoothed path of the hips is scaled and moved so that the body fits; a figure wider than the frame is
    centred.
    """
    x, seen = pose.keypoints[:, BODY, 0], pose.present()[:, BODY]
    beyond = seen & ((x < 0) | (x > pose.width - 1))
    hips = seen[:, HIPS].all(axis=1)
    if not hips.any() or not _leaves(beyond, seen, max(1, round(pose.fps))):
        return pose, 1.0
    middle = interpolated(x[:, HIPS].mean(axis=1), hips)
    way = _smoothed(middle, WAY_SECONDS * float(pose.fps))
    reach = np.quantile(np.where(seen, np.abs(x - way[:, None]), 0).max(axis=1)[hips], REACH_QUANTILE)
    low, high = min(reach, (pose.width - 1) / 2), max(pose.width - 1 - reach, (pose.width - 1) / 2)
    left, right = way[hips].min(), way[hips].max()
    share = min(1.0, (high - low) / max(right - left, 1e-6))
    # as little as necessary: a path that fits is moved, one that does not spans the frame from side to side
    start = np.clip(left, low, high - share * (right - left))
    shift = (start + share * (way - left) - way).astype(np.float32)
    keypoints = pose.keypoints.copy()
    keypoints[..., 0] += np.where(keypoints[..., 2] > 0, shift[:, None], 0)
    return pose.replace(keypoints=keypoints), float(share)


def _leaves(beyond: np.ndarray, seen: np.ndarray, second: int) -> bool:
    """Whether too many of the (T, n) bool keypoints that are seen lie beyond the frame; second: frames."""
    gone, there = (uniform_filter1d(each.sum(axis=1).astype(float), second) for each in (beyond, seen))
    return bool(beyond.sum() > OUTSIDE_SHARE * seen.sum() or (gone > OUTSIDE_SECOND * there).any())


def _smoothed(values: np.ndarray, deviation: float) -> np.ndarray:
    """(T,) values after a Gaussian; odd reflection at the ends keeps steady travel steady."""
    margin = min(int(4 * deviation), len(values) - 1)
    longer = np.pad(values, margin, mode="reflect", reflect_type="odd")
    return gaussian_filter1d(longer, deviation)[margin : margin + len(values)]
