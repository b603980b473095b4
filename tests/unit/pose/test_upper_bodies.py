"""Clips that show people from the hips or the elbows up, and never their feet."""

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import BODY, IMPUTED, INDEX, standing_height
from dancenow.pose.grounding import measure_figure
from dancenow.pose.masks import holds
from dancenow.pose.normalize import measure_normalization, standing_frames, transfer_pose
from dancenow.pose.partial_bodies import BELOW, complete_bodies, imputed_legs
from dancenow.pose.upper_bodies import with_legs
from walkers import FRAMES, performer, without

HIPS = [INDEX["left_hip"], INDEX["right_hip"]]
ANKLES = [INDEX["left_ankle"], INDEX["right_ankle"]]
ABOVE = [joint for joint in range(BODY.stop) if joint not in BELOW]
EVERYWHERE = slice(None)


def swaying(height=300.0, foot=440.0):
    """Someone who sways once a second above the feet."""
    pose = performer(height, foot, 256.0)
    keypoints = pose.keypoints.copy()
    way = 0.05 * height * np.sin(2 * np.pi * np.arange(FRAMES) / 25)
    keypoints[:, ABOVE, 0] += way[:, None]
    return pose.replace(keypoints=keypoints.astype(np.float32))


def cut_off(pose, *more):
    """The same without legs, and without `more` joints."""
    legs = [name for name, number in INDEX.items() if number in BELOW]
    return without(pose, EVERYWHERE, *legs, *more)


# the figure's trunk is shorter than people's, and its arms are longer
@pytest.mark.parametrize("hidden, away", [((), 0.12), (("left_hip", "right_hip"), 0.16)])
def test_the_size_and_place_are_nearly_those_of_the_whole_body(hidden, away):
    whole = measure_normalization(swaying())
    upper = measure_normalization(cut_off(swaying(), *hidden), "anna")
    assert upper["far_rule"] == "upper body" and upper.keys() == whole.keys()
    assert upper["h_far"] == upper["h_close"] == pytest.approx(whole["h_close"], rel=away)
    assert upper["s_far"] == upper["s_close"] == pytest.approx(whole["s_median"], abs=away * 300)
    assert upper["x_median"] == pytest.approx(whole["x_median"], abs=1)


def test_legs_stand_under_hips_that_sway_and_are_imputed():
    pose = cut_off(swaying())
    found = with_legs(pose)
    assert (found.keypoints[:, ABOVE] == pose.keypoints[:, ABOVE]).all()
    assert found.present()[:, BELOW].all() and (found.origin[:, BELOW] == IMPUTED).all()
    assert np.ptp(found.keypoints[:, ANKLES, 1]) == 0
    ways = [np.ptp(found.keypoints[25:-25, joints, 0], axis=0).max() for joints in (HIPS, ANKLES)]
    assert ways[1] < 0.2 * ways[0]
    assert standing_height(found.keypoints) == pytest.approx(standing_height(swaying().keypoints), rel=0.12)


def test_hips_beyond_the_picture_hang_under_the_shoulders():
    found = with_legs(cut_off(swaying(), "left_hip", "right_hip"))
    away = np.linalg.norm(found.keypoints[:, HIPS, :2] - swaying().keypoints[:, HIPS, :2], axis=2)
    assert away.max() < 0.1 * 300
    assert (found.origin[:, HIPS] == IMPUTED).all()


def test_hips_that_are_seen_now_and_then_tell_where_they_are_in_between():
    pose = without(cut_off(swaying()), slice(20, FRAMES), "left_hip", "right_hip")
    found = with_legs(pose)
    away = np.linalg.norm(found.keypoints[:, HIPS, :2] - swaying().keypoints[:, HIPS, :2], axis=2)
    assert away.max() < 0.01 * 300


def test_a_whole_body_keeps_its_pose():
    pose = swaying()
    assert with_legs(pose) is pose
    shown = without(pose, slice(0, FRAMES // 2), "left_ankle", "right_ankle")
    assert with_legs(shown) is shown


def test_a_dance_of_the_upper_body_moves_a_whole_figure_above_legs_that_stand():
    target = performer(200.0, 400.0)
    statistics = measure_normalization(target)
    wanted, _ = transfer_pose(swaying(), measure_normalization(swaying()), statistics)
    upper = cut_off(swaying())
    source = complete_bodies(upper)
    found, _ = transfer_pose(source, measure_normalization(upper), statistics)
    assert imputed_legs(source).all() and found.present()[:, BODY].all()
    away = np.linalg.norm(found.keypoints[:, ABOVE, :2] - wanted.keypoints[:, ABOVE, :2], axis=2)
    assert away.max() < 0.1 * 200
    feet = found.keypoints[:, ANKLES, 1].mean(axis=1)
    assert np.abs(feet - statistics["s_median"]).max() < 0.03 * 200


def test_a_whole_dance_stands_below_the_picture_of_an_upper_body():
    target = cut_off(swaying(600.0, 700.0))
    assert target.height < 700
    source = swaying()
    found, _ = transfer_pose(source, measure_normalization(source), measure_normalization(target))
    assert (found.keypoints[:, ANKLES, 1] > target.height).all()
    shoulders = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
    ways = [pose.keypoints[:, shoulders, 1].mean() for pose in (found, target)]
    assert ways[0] == pytest.approx(ways[1], abs=0.05 * 600)


def test_frames_that_show_the_upper_body_tell_where_it_stands():
    pose = cut_off(swaying())
    told, ground = standing_frames(pose)
    assert told.all() and (ground == measure_normalization(pose)["s_median"]).all()


def test_a_head_and_shoulders_tell_nothing():
    pose = cut_off(swaying(), "left_hip", "right_hip", "left_elbow")
    assert not measure_figure(pose).upper.any() and with_legs(pose) is pose
    with pytest.raises(InputError, match="^anna: only 0 of 200 frames show .* feet, and 0 the upper body"):
        measure_normalization(pose, "anna")


def test_a_body_seen_now_and_then_below_the_shoulders_is_refused():
    pose = without(cut_off(swaying()), slice(0, int(0.8 * FRAMES)), "left_hip", "left_elbow")
    with pytest.raises(InputError, match="and 40 the upper body with its arms, too few"):
        measure_normalization(pose)


def test_a_mask_is_not_asked_about_legs_beyond_the_picture():
    pose = with_legs(cut_off(swaying(600.0, 700.0)))
    mask = np.zeros((pose.height, pose.width), np.uint8)
    x, y = pose.keypoints[0, ABOVE, :2].T
    mask[int(y.min()) :, int(x.min()) : int(x.max()) + 1] = 255
    assert (pose.keypoints[0, ANKLES, 1] > pose.height).all() and holds(mask, pose.keypoints[0])
    assert not holds(np.zeros_like(mask), pose.keypoints[0])


def test_the_trunk_tells_the_standing_height_where_no_feet_are_seen():
    whole, upper = swaying().keypoints, cut_off(swaying()).keypoints
    assert standing_height(upper) == pytest.approx(standing_height(whole), rel=0.2)
    assert np.isnan(standing_height(cut_off(swaying(), "left_hip").keypoints))
