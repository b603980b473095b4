"""Whose mask it is."""

import numpy as np

from dancenow.pose.masks import holds
from performers import performer

POSE = performer(1)


def test_a_mask_of_half_a_body_is_not_its_own():
    """Two who stand side by side: the mask of one holds an arm and a leg of the other."""
    keypoints = POSE.keypoints[0]
    seen = keypoints[keypoints[:, 2] > 0, :2]
    mask = np.zeros((POSE.height, POSE.width), np.uint8)
    left, top = np.floor(seen.min(axis=0)).astype(int) - 3
    right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 4
    mask[top:bottom, left:right] = 255
    assert holds(mask, keypoints)
    mask[:, : (left + right) // 2] = 0
    assert not holds(mask, keypoints)
