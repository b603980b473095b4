"""Where an arm or a leg ends, and how wide it is."""

import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, standing_height
from dancenow.references.body_parts import PARTS
from dancenow.references.making import make_bank
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
COUNT = 20
BACKGROUND = np.full((POSE.height, POSE.width, 3), WALL, np.uint8)


@pytest.mark.parametrize("found", [True, False])
def test_an_arm_shows_no_hand_of_its_own_unless_no_hand_is_found(found):
    """A blurred hand, which the estimator believes to be elsewhere, would be shown beside the right one."""
    keypoints = POSE.keypoints[:COUNT].copy()
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])
    elbow, wrist = (INDEX[f"left_{joint}"] for joint in ("elbow", "wrist"))
    keypoints[:, wrist, :2] = keypoints[:, elbow, :2] + [0.15 * UNIT, 0]  # beside the body
    fingers = 0.01 * UNIT * np.arange(1, LEFT_HAND.stop - LEFT_HAND.start + 1) / 4
    keypoints[:, LEFT_HAND, :2] = keypoints[:, [wrist], :2] + np.stack([fingers, 0 * fingers], axis=1)
    frames, masks = drawn(pose, UNIT)
    given = keypoints.copy()
    if found:  # upwards instead
        given[:, LEFT_HAND, :2] = keypoints[:, [wrist], :2] - np.stack([0 * fingers, 4 * fingers], axis=1)
    else:
        given[:, LEFT_HAND] = 0
    bank = make_bank(frames, pose.replace(keypoints=given), masks, BACKGROUND, COUNT)
    arm = PARTS.index("left_arm")
    chosen = np.full(len(PARTS), -1)
    chosen[arm] = 0
    picture = bank.picture(given[0], chosen, (0, 0, POSE.width, POSE.height)).astype(int)
    hand = (picture[..., 3] > 100) & (np.abs(picture[..., :3] - COLOURS["left_hand"]).max(axis=-1) < 30)
    assert hand.sum() < 8 if found else hand.sum() > 15
