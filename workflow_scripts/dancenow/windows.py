"""The moving window around the person: the generator paints there, the plate fills the rest."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dancenow.keypoints import MIN_CONFIDENCE

STRIDE = 32
# the box around the joints leaves out hair, fingers, clothes: widen it by this share of the body height
MARGIN = 0.12


def person_boxes(keypoints):
    """Boxes around every seen keypoint plus the margin; frames without a person take the nearest one's.

    keypoints: (T, 133, 3) px. Returns (T, 4) float32 x0, y0, x1, y1 px, never NaN unless no frame has a
    person, in which case ValueError is raised.
    """
    seen = keypoints[..., 2:] >= MIN_CONFIDENCE
    low = np.where(seen, keypoints[..., :2], np.inf).min(axis=1)
    high = np.where(seen, keypoints[..., :2], -np.inf).max(axis=1)
    known = np.flatnonzero(seen[..., 0].any(axis=1))
    if not len(known):
        raise ValueError("no frame shows a person")
    nearest = known[np.abs(np.arange(len(keypoints))[:, None] - known[None]).argmin(axis=1)]
    low, high = low[nearest], high[nearest]
    margin = MARGIN * np.median(high[:, 1] - low[:, 1])
    return np.concatenate([low - margin, high + margin], axis=1).astype(np.float32)


def window_size(keypoints, width, height, least=(0, 0)):
    """The smallest window (width, height) in px, multiples of 32, that holds the person in every frame.

    keypoints: (T, 133, 3) px. width, height: the frame's size. least: a window that must fit inside,
    such as the one a generator was trained with.
    """
    boxes = person_boxes(keypoints)
    need = np.quantile(boxes[:, 2:] - boxes[:, :2], 0.995, axis=0)
    need = np.maximum(np.ceil(need / STRIDE) * STRIDE, least).astype(int)
    return min(int(need[0]), width), min(int(need[1]), height)


def place_windows(keypoints, window, width, height, smooth=3.0):
    """Top-left corners (T, 2) int of x, y px: the window follows the person and stays inside the frame.

    keypoints: (T, 133, 3) px; window: (width, height) px; smooth: Gaussian sigma in frames.
    """
    boxes = person_boxes(keypoints)
    centres = gaussian_filter1d((boxes[:, :2] + boxes[:, 2:]) / 2, smooth, axis=0, mode="nearest")
    corners = np.rint(centres - np.array(window) / 2)
    return np.clip(corners, 0, [width - window[0], height - window[1]]).astype(int)
