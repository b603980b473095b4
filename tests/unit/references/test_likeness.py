import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, standing_height
from dancenow.pose.facing import turned
from dancenow.references.body_parts import kind
from dancenow.references.likeness import COMES_ALONG, likeness_features, unlikeness
from drawn_people import dancer

POSE = dancer()
UNIT = standing_height(POSE.keypoints)


def test_a_head_behind_a_hand_is_unlike_one_that_is_free_but_a_free_one_stands_in_for_it():
    """The hand is a piece of its own."""
    points = POSE.keypoints[:20].copy()
    shown = points.copy()
    hand = shown[::2, LEFT_HAND, :2]
    shown[::2, LEFT_HAND, :2] = hand + (shown[::2, INDEX["nose"], :2] - hand.mean(axis=1))[:, None]
    features, given = (likeness_features(each, UNIT)["head"] for each in (points, shown))
    turns = turned(points, UNIT)
    apart = unlikeness("head", features, given, turns, turns)
    assert apart[:, ::2].min() > 0.2 > np.diag(apart)[1::2].max()
    assert np.diag(unlikeness("head", given, features, turns, turns)).max() < 1e-3


@pytest.mark.parametrize(
    "part, beside",
    [
        ("head", ["left_wrist", *range(91, 133)]),
        ("left_arm", ["left_eye", "right_eye", "left_knee", "right_knee"]),
        ("left_hand", ["left_eye", "right_eye", "left_knee", "right_knee"]),
        ("left_leg", ["right_knee", "right_ankle"]),
        ("left_foot", ["right_heel", "right_big_toe"]),
    ],
)
def test_what_comes_along_with_a_piece_is_told_by_the_last_features_and_by_no_others(part, beside):
    moved = POSE.keypoints[:20].copy()
    points = [INDEX[point] if isinstance(point, str) else point for point in beside]
    own = likeness_features(moved, UNIT)[part]
    columns = set()
    for shift in np.mgrid[-0.6:0.61:0.1, -0.6:0.61:0.1].reshape(2, -1).T:
        moved[:, points, :2] = POSE.keypoints[:20][:, points, :2] + np.multiply(shift, UNIT)
        columns |= set(np.flatnonzero(np.abs(likeness_features(moved, UNIT)[part] - own).max(axis=0) > 1e-6))
    last = own.shape[1] - COMES_ALONG[kind(part)]
    assert columns and min(columns) >= last


def test_an_arm_and_a_hand_before_the_wall_stand_in_for_ones_before_the_trunk_and_not_the_reverse():
    """They take nothing along; of a shirt behind them an edge would be seen."""
    free = POSE.keypoints[:1].copy()
    shift = free[0, INDEX["right_hip"], :2] - free[0, INDEX["left_hip"], :2]
    before = free.copy()
    arm = [INDEX[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist")] + list(range(133))[LEFT_HAND]
    free[0, arm, :2] -= 3 * shift
    before[0, arm, :2] += shift
    turns = turned(free, UNIT)
    for part in ("left_arm", "left_hand"):
        first, second = (likeness_features(each, UNIT)[part] for each in (before, free))
        there, back = (unlikeness(part, *pair, turns, turns) for pair in ((first, second), (second, first)))
        assert back > there + 0.05


def test_an_arm_is_turned_rather_than_opened():
    points = np.repeat(POSE.keypoints[:1], 3, axis=0)
    shoulder, upper, lower = np.array([300.0, 200.0]), 0.16 * UNIT, 0.14 * UNIT
    down, up = np.array([0.3, 0.95]), np.array([0.3, -0.95])
    for row, (first, second) in enumerate(
        ((up, up), (down, down), (np.array([1.0, 0.0]), np.array([-0.3, -0.95])))
    ):
        points[row, INDEX["left_shoulder"], :2] = shoulder
        points[row, INDEX["left_elbow"], :2] = shoulder + upper * first
        points[row, INDEX["left_wrist"], :2] = shoulder + upper * first + lower * second
    arms, turns = likeness_features(points, UNIT)["left_arm"], turned(points, UNIT)
    raised, hanging, folded = arms[:1], arms[1:2], arms[2:]
    assert unlikeness("left_arm", raised, folded, turns[:1], turns[:1]) > unlikeness(
        "left_arm", raised, hanging, turns[:1], turns[:1]
    )
