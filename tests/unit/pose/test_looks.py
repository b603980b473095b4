"""Clothes of known colours: what is read off a figure, and how far apart two figures are."""

import numpy as np
import pytest

from dancenow.keypoints import INDEX
from dancenow.pose.looks import CLOTHES_REGIONS, look_at, typical, unlike
from performers import performer

TRUNK, THIGHS = 0, 3


def drawn(pose, colour, legs):
    """(H, W, 3) uint8: everything above the hips in one colour, below in another."""
    frame = np.empty((pose.height, pose.width, 3), np.uint8)
    waist = int(pose.keypoints[0, INDEX["left_hip"], 1]) + 1
    frame[:waist], frame[waist:] = colour, legs
    return frame


def test_the_colours_of_trunk_and_legs_are_read_in_cielab():
    pose = performer(1)
    (look,) = look_at(drawn(pose, (255, 0, 0), (255, 255, 255)), pose.keypoints)
    assert look.shape == (CLOTHES_REGIONS, 3) and look.dtype == np.float32
    assert look[TRUNK] == pytest.approx((53.2, 80.1, 67.2), abs=0.1)  # red of sRGB
    assert look[THIGHS] == pytest.approx((100, 0, 0), abs=0.1)


def test_a_region_is_unknown_where_its_joints_are_not_seen():
    pose = performer(1)
    person = pose.keypoints.copy()
    person[0, [INDEX["left_knee"], INDEX["right_knee"]]] = 0
    (look,) = look_at(drawn(pose, (255, 0, 0), (0, 0, 0)), person)
    assert np.isnan(look[THIGHS]).all() and np.isfinite(look[TRUNK]).all()
    assert np.isnan(look_at(drawn(pose, 0, 0), np.zeros_like(person))).all()


def test_differences_are_over_the_regions_that_both_show():
    looks = np.zeros((2, CLOTHES_REGIONS, 3), np.float32)
    looks[1, :, 1] = 30
    looks[1, TRUNK] = np.nan
    assert unlike(looks[0], looks[1]) == pytest.approx(30)
    assert unlike(looks[0], looks[0]) == 0
    assert np.isnan(unlike(looks[0], np.full_like(looks[0], np.nan)))
    # shadow counts half
    assert unlike(looks[0], looks[0] + (10, 0, 0)) == pytest.approx(5)


def test_one_odd_frame_does_not_change_what_is_typical():
    looks = np.full((5, CLOTHES_REGIONS, 3), 20, np.float32)
    looks[2] = 90
    looks[3:, TRUNK] = np.nan
    assert (typical(looks) == 20).all()
    assert np.isnan(typical(np.full((2, CLOTHES_REGIONS, 3), np.nan, np.float32))).all()
