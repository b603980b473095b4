"""A dancer who travels farther than the target's picture is wide: the way is shortened, the dance is not.

A camera that goes along with a skater shows them in every frame; the picture that a result is painted in
does not go along, and without this the figure would leave it for good. What is shortened is the way of the
body over a second and more; sways and steps stay, so feet slide.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.keypoints import BODY, INDEX, Pose
from dancenow.pose.grounding import interpolated

WAY_SECONDS = 0.5  # standard deviation of the Gaussian that tells the way from the dance
REACH_QUANTILE = 0.9  # quantile over the frames of how far the body reaches to a side of its middle
OUTSIDE_SHARE = 0.02  # of the body's keypoints beyond the sides: less, and nothing is changed
HIPS = [INDEX["left_hip"], INDEX["right_hip"]]


def keep_within(pose: Pose) -> tuple[Pose, float]:
    """(Pose, share): the figure kept between the sides of its frame, and the share of its way that is left.

    pose: Pose. Nothing is changed, and the share is 1, unless more than OUTSIDE_SHARE of the seen body's
    keypoints lie beyond the left and right sides. Otherwise the smoothed way of the hips is scaled and
    moved so that the body fits; a figure wider than the frame stands in its middle.
    """
    x, seen = pose.keypoints[:, BODY, 0], pose.present()[:, BODY]
    beyond = seen & ((x < 0) | (x > pose.width - 1))
    hips = seen[:, HIPS].all(axis=1)
    if not hips.any() or beyond.sum() <= OUTSIDE_SHARE * seen.sum():
        return pose, 1.0
    middle = interpolated(x[:, HIPS].mean(axis=1), hips)
    way = _smoothed(middle, WAY_SECONDS * float(pose.fps))
    reach = np.quantile(np.where(seen, np.abs(x - way[:, None]), 0).max(axis=1)[hips], REACH_QUANTILE)
    low, high = min(reach, (pose.width - 1) / 2), max(pose.width - 1 - reach, (pose.width - 1) / 2)
    left, right = way[hips].min(), way[hips].max()
    share = min(1.0, (high - low) / max(right - left, 1e-6))
    # as little as it takes: a way that fits is moved, one that does not goes from side to side
    start = np.clip(left, low, high - share * (right - left))
    shift = (start + share * (way - left) - way).astype(np.float32)
    keypoints = pose.keypoints.copy()
    keypoints[..., 0] += np.where(keypoints[..., 2] > 0, shift[:, None], 0)
    return pose.replace(keypoints=keypoints), float(share)


def _smoothed(values: np.ndarray, deviation: float) -> np.ndarray:
    """(T,) values after a Gaussian; at the ends they go on as they came, so that a steady way stays one."""
    margin = min(int(4 * deviation), len(values) - 1)
    longer = np.pad(values, margin, mode="reflect", reflect_type="odd")
    return gaussian_filter1d(longer, deviation)[margin : margin + len(values)]
