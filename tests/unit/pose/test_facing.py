"""Which side of a body is seen, however it lies in the picture, and what it is compared with."""

import numpy as np
import pytest

from dancenow.keypoints import INDEX, standing_height
from dancenow.pose.facing import LEANING, feet_up, lean, overturned, rolled, turned
from dancenow.references.likeness import likeness_features, side_of
from drawn_people import dancer
from walkers import rotated

POSE = dancer()
UNIT = standing_height(POSE.keypoints)


@pytest.mark.parametrize("degrees", [-180, -135, -90, 90, 135, 179])
@pytest.mark.parametrize("part", ["head", "trunk"])
def test_front_and_back_are_known_however_a_body_lies(part, degrees):
    sides = side_of(turned(POSE.keypoints, UNIT, part))
    assert set(sides) == {1, -1}
    np.testing.assert_array_equal(side_of(turned(rotated(POSE.keypoints, degrees), UNIT, part)), sides)


def test_who_bends_down_towards_the_camera_shows_the_back():
    points = POSE.keypoints[:1].copy()
    neck = points[:, [INDEX["left_shoulder"], INDEX["right_shoulder"]], :2].mean(axis=1, keepdims=True)
    pelvis = points[:, [INDEX["left_hip"], INDEX["right_hip"]], :2].mean(axis=1, keepdims=True)
    above_hips = slice(0, INDEX["right_wrist"] + 1)
    points[:, above_hips, 1] += 2 * (pelvis - neck)[..., 1]  # the left shoulder stays on the right
    assert turned(POSE.keypoints[:1], UNIT)[0] > 0 > turned(points, UNIT)[0]


@pytest.mark.parametrize("part", ["head", "trunk", "left_arm", "right_foot"])
@pytest.mark.parametrize("degrees", [-150, -60, 60, 150])
def test_a_body_that_lies_or_stands_on_its_head_is_compared_as_if_it_leaned(part, degrees):
    """Else arms that hang from a handstand would be those that hang beside the trunk, with some of it."""
    compared = likeness_features(rotated(POSE.keypoints, degrees), UNIT)[part]
    leaning = likeness_features(rotated(POSE.keypoints, np.copysign(45, degrees)), UNIT)[part]
    straight = np.abs(overturned(rotated(POSE.keypoints, 90), UNIT, part) - np.radians(45)) < 1e-3
    assert straight.sum() > 3
    np.testing.assert_allclose(compared[straight], leaning[straight], atol=1e-3)


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_lean_that_people_on_their_feet_show_counts(degrees):
    upright, leaning = (likeness_features(rotated(POSE.keypoints, each), UNIT) for each in (0, degrees))
    assert (overturned(POSE.keypoints, UNIT, "trunk") == 0).all()
    assert (np.linalg.norm(leaning["trunk"] - upright["trunk"], axis=1) > 0.05).all()


def test_a_body_whose_hips_are_not_seen_is_taken_for_upright():
    points = rotated(POSE.keypoints, 180)
    points[:, [INDEX["left_hip"], INDEX["right_hip"]]] = 0
    assert not np.any(lean(points, UNIT)) and not overturned(points, UNIT).any()
    assert lean(points, UNIT, "head")[1].all()  # the neck is still seen


def test_a_trunk_that_is_seen_from_head_on_hardly_leans():
    """So short in the picture, noise turns it by any angle."""
    points = rotated(POSE.keypoints, 180)
    neck, pelvis = (
        points[:, [INDEX[f"{side}_{joint}"] for side in ("left", "right")], :2].mean(axis=1, keepdims=True)
        for joint in ("shoulder", "hip")
    )
    above_hips = slice(0, INDEX["right_wrist"] + 1)
    points[:, above_hips, :2] -= 0.95 * (neck - pelvis)
    assert np.abs(overturned(rotated(POSE.keypoints, 180), UNIT)).min() > 2
    assert np.abs(overturned(points, UNIT)).max() < 0.5


def test_what_hangs_on_a_body_is_turned_over_with_it_and_never_suddenly():
    turning = np.linspace(-175, 175, 176)
    points = rotated(np.repeat(POSE.keypoints[:1], len(turning), axis=0), turning)
    angle = rolled(points, UNIT, "head")
    assert angle[0] == pytest.approx(-np.pi, abs=0.3) and angle[-1] == pytest.approx(np.pi, abs=0.3)
    assert np.abs(np.diff(angle)).max() < 0.1
    assert not angle[np.abs(np.radians(turning)) < LEANING - 0.1].any()


def test_feet_are_up_in_a_handstand_and_not_in_a_kick():
    kick = POSE.keypoints.copy()
    kick[:, INDEX["left_ankle"], 1] = kick[:, INDEX["nose"], 1]
    assert not feet_up(kick, 0).any() and not feet_up(POSE.keypoints, 0).any()
    handstand = rotated(POSE.keypoints, 170)
    assert feet_up(handstand, 0.04 * UNIT).all() and not feet_up(handstand, UNIT).any()
    handstand[:, INDEX["left_ankle"]] = 0
    assert not feet_up(handstand, 0).any()
