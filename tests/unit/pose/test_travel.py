"""A dancer who travels farther than the frame is wide stays in it; who fits stays as they are."""

import numpy as np
import pytest

from dancenow.keypoints import BODY, INDEX
from dancenow.pose.travel import keep_within
from walkers import FRAMES, performer

WIDTH = 512


def travelling(way, sway=0.0):
    """Someone who goes `way` px from left to right about the middle, and sways `sway` px twice a second."""
    time = np.arange(FRAMES) / 25
    path = 256 + np.linspace(-way / 2, way / 2, FRAMES) + sway * np.sin(4 * np.pi * time)
    return performer(300.0, 440.0, path)


def body_x(pose):
    return pose.keypoints[:, BODY, 0]


def test_who_fits_is_left_as_they_are():
    pose = travelling(200)
    assert keep_within(pose) == (pose, 1.0)


def test_a_long_way_is_shortened_and_goes_from_side_to_side():
    pose = travelling(2000)
    result, share = keep_within(pose)
    x = body_x(result)
    assert 0.1 < share < 0.25 and -5 < x.min() < 20 and WIDTH - 20 < x.max() < WIDTH + 5
    assert (np.diff(x.mean(axis=1)) > 0).all()  # one way, without a halt
    np.testing.assert_array_equal(result.keypoints[..., 1:], pose.keypoints[..., 1:])


def test_sways_stay_as_large():
    x = body_x(keep_within(travelling(2000, 15))[0]).mean(axis=1)[20:-20]
    frames = np.arange(len(x))
    assert np.ptp(x - np.polyval(np.polyfit(frames, x, 1), frames)) == pytest.approx(30, rel=0.1)


def test_a_way_that_fits_elsewhere_is_only_moved():
    pose = travelling(100)
    keypoints = pose.keypoints.copy()
    keypoints[..., 0] += np.where(keypoints[..., 2] > 0, 300, 0)
    result, share = keep_within(pose.replace(keypoints=keypoints))
    assert share == 1.0
    assert np.ptp(body_x(result) - body_x(pose)) < 0.01 and body_x(result).max() <= WIDTH + 5


def test_who_leaves_for_a_second_of_a_long_clip_stays_in():
    path = np.full(4 * FRAMES, 256.0)
    path[-40:] = np.linspace(256, 520, 40)  # half out of sight in the last of 32 seconds
    parts = [performer(300.0, 440.0, part) for part in np.split(path, 4)]
    keypoints, origin = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("keypoints", "origin")
    )
    result, _ = keep_within(parts[0].replace(keypoints=keypoints, origin=origin))
    assert body_x(result).max() < WIDTH + 10 and body_x(result).min() > 0


def test_a_hand_beyond_the_side_for_a_moment_moves_nobody():
    pose = travelling(0)
    pose.keypoints[100:110, INDEX["left_wrist"], 0] = WIDTH + 20
    assert keep_within(pose) == (pose, 1.0)


def test_what_is_missing_of_a_traveller_stays_missing():
    pose = travelling(2000)
    pose.keypoints[50:60, INDEX["left_wrist"]] = 0
    assert not keep_within(pose)[0].keypoints[50:60, INDEX["left_wrist"]].any()


def test_arms_that_are_spread_nearly_all_the_time_fit_in():
    pose = travelling(2000)
    for side, sign in (("left", 1), ("right", -1)):
        pose.keypoints[10:, INDEX[f"{side}_wrist"], 0] += sign * 90
    x = body_x(keep_within(pose)[0])
    assert x.min() > -10 and x.max() < WIDTH + 10


def test_a_figure_wider_than_the_frame_is_in_its_middle():
    pose = performer(1600.0, 440.0, np.linspace(256, 1200, FRAMES))
    hips = keep_within(pose)[0].keypoints[:, [INDEX["left_hip"], INDEX["right_hip"]], 0].mean(axis=1)
    np.testing.assert_allclose(hips, (WIDTH - 1) / 2, atol=1)
