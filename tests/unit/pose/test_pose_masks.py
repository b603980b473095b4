"""Whose mask it is, and of which file."""

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.pose.masks import MaskPacker, holds, load_masks, save_masks
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


def test_a_damaged_picture_names_the_file_and_the_frame(tmp_path):
    packer = MaskPacker(16, 16)
    packer.add(np.full((16, 16), 255, np.uint8))
    packer.add(np.eye(16, dtype=np.uint8) * 255)
    masks = packer.packed()
    masks.data[masks.ends[0] + 20 :] = 0
    save_masks(tmp_path / "a.npz", masks)
    loaded = load_masks(tmp_path / "a.npz")
    assert loaded[0].all()
    with pytest.raises(InputError, match=r"a\.npz: the mask of frame 1 is damaged; delete the file to make"):
        loaded[1]
