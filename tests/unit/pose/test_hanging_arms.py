"""Arms that are out of the picture."""

import numpy as np
import pytest

from dancenow.keypoints import COUNT, INDEX, LEFT_HAND, SIDES
from dancenow.pose.hanging_arms import hang_arms
from dancenow.pose.upper_bodies import ATTACHED

FPS, T = 25.0, 100
EVERY = np.ones(T, bool)
SHOULDER, ELBOW, WRIST = (INDEX[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
LEFT_ARM = [ELBOW, WRIST, *range(COUNT)[LEFT_HAND]]


def upper_body():
    """(T, 133, 3): shoulders 80 px apart, and the left arm held out by 60 px twice."""
    keypoints = np.zeros((T, COUNT, 3), np.float32)
    for side, x in (("left", 240), ("right", 160)):
        keypoints[:, INDEX[f"{side}_shoulder"]] = x, 100, 1
    for number, point in enumerate(LEFT_ARM):
        keypoints[:, point] = 300 + 60 * min(number, 1), 100, 1
    return keypoints


def test_a_forearm_never_seen_goes_on_straight_and_a_hand_along_it():
    keypoints = upper_body()
    keypoints[:, LEFT_ARM[1:]] = 0
    hang_arms(keypoints, EVERY, EVERY, FPS)
    forearm = keypoints[:, WRIST, :2] - keypoints[:, ELBOW, :2]
    np.testing.assert_allclose(forearm, np.tile([60 * 0.17 / 0.188, 0], (T, 1)), atol=0.1)
    hand = keypoints[0, LEFT_HAND, :2] - keypoints[0, WRIST, :2]
    assert not hand[0].any() and (hand[1:, 0] > 0).all() and hand[:, 0].max() < 45
    assert (
        hand[4, 1] > 0 > hand[20, 1]
    )  # the thumb towards the body, whose middle is lower by a rounding error
    assert (keypoints[:, LEFT_ARM[1:], 2] == ATTACHED).all()


def test_an_elbow_never_seen_hangs_beside_the_body():
    keypoints = upper_body()
    keypoints[:, LEFT_ARM] = 0
    hang_arms(keypoints, EVERY, EVERY, FPS)
    for side, outwards in zip(SIDES, (1, -1), strict=True):
        shoulder, elbow, wrist = (
            keypoints[0, INDEX[f"{side}_{joint}"], :2] for joint in ("shoulder", "elbow", "wrist")
        )
        assert outwards * (elbow - shoulder)[0] > 0
        assert (elbow - shoulder)[1] > 4 * abs((elbow - shoulder)[0])
        assert np.hypot(*(elbow - shoulder)) == pytest.approx(80 * 0.188 / 0.11, rel=0.01)
        assert wrist[1] > elbow[1] > shoulder[1]


def test_an_arm_stays_as_it_was_seen_before_it_comes_down():
    keypoints = upper_body()
    raised = keypoints[0, ELBOW, :2] - (0, 50)
    keypoints[:, LEFT_ARM[1:], :2] = raised
    keypoints[20:, LEFT_ARM[1:]] = 0
    seen = keypoints[:20].copy()
    hang_arms(keypoints, EVERY, EVERY, FPS)
    np.testing.assert_array_equal(keypoints[:20][:, LEFT_ARM], seen[:, LEFT_ARM])
    np.testing.assert_allclose(keypoints[20:32, WRIST, :2], np.tile(raised, (12, 1)), atol=1e-3)
    np.testing.assert_allclose(keypoints[46:, WRIST, 1], keypoints[46:, ELBOW, 1], atol=1e-3)
    steps = np.linalg.norm(np.diff(keypoints[:, WRIST, :2], axis=0), axis=1)
    assert steps.max() < 8  # px a frame, of a way of 74


def test_only_the_frames_asked_for_get_arms_and_take_none_of_another_view():
    keypoints = upper_body()
    keypoints[50:, LEFT_ARM[1:]] = 0
    wanted, shown = np.arange(T) >= 75, np.arange(T) >= 50
    hang_arms(keypoints, wanted, shown, FPS)
    assert not keypoints[50:75, WRIST].any()
    assert keypoints[75, WRIST, 0] - keypoints[75, ELBOW, 0] == pytest.approx(60 * 0.17 / 0.188, abs=0.1)
    assert not np.array_equal(keypoints[75, WRIST, :2], keypoints[0, WRIST, :2])


def test_an_upper_arm_raised_out_of_the_picture_stays_longer():
    keypoints = upper_body()
    up = keypoints[0, SHOULDER, :2] - (0, 60)
    keypoints[:, ELBOW, :2] = up
    keypoints[20:, LEFT_ARM] = 0
    hang_arms(keypoints, EVERY, EVERY, FPS)
    np.testing.assert_allclose(keypoints[20:69, ELBOW, :2], np.tile(up, (49, 1)), atol=1e-3)
    assert (keypoints[85:, ELBOW, 1] > keypoints[85:, SHOULDER, 1]).all()
    assert (keypoints[46:69, WRIST, 1] < keypoints[46:69, ELBOW, 1]).all()  # straight on, upwards


def test_an_arm_is_as_long_as_in_its_own_view():
    keypoints = upper_body()
    keypoints[:50, ..., :2] *= 3  # of a nearer camera
    keypoints[50:, LEFT_ARM[1:]] = 0
    wanted = np.arange(T) >= 50
    hang_arms(keypoints, wanted, wanted, FPS)
    assert keypoints[60, WRIST, 0] - keypoints[60, ELBOW, 0] == pytest.approx(60 * 0.17 / 0.188, abs=0.1)
