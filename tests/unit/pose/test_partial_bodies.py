"""Close-ups, half bodies and frames without anybody, in a clip whose whole bodies are known."""

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import BODY, FACE, IMPUTED, INDEX
from dancenow.pose.normalize import measure_normalization, transfer_pose
from dancenow.pose.partial_bodies import BELOW, complete_bodies, imputed_legs
from walkers import FPS, FRAMES, performer, without

CUTS = [80, 120]  # between them a punch-in that shows no feet
LEGS = [INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("knee", "ankle")]


def dancer(noise=0.0):
    """Someone 300 px tall who sways and bends the arms."""
    time = np.arange(FRAMES) / 25
    pose = performer(300.0, 440.0, 256 + 20 * np.sin(time))
    keypoints = pose.keypoints.copy()
    for name, way in (("left_wrist", 30), ("right_wrist", -25), ("left_elbow", 12)):
        keypoints[:, INDEX[name], 0] += way * np.sin(2 * time)
    keypoints[..., :2] += np.random.default_rng(0).normal(0, noise, keypoints[..., :2].shape)
    return pose.replace(keypoints=keypoints.astype(np.float32))


def punched_in(pose, zoom, corner=(120.0, 120.0)):
    """The frames between CUTS as a longer lens shows them: what leaves the picture is missing."""
    keypoints = pose.keypoints.copy()
    shot = keypoints[CUTS[0] : CUTS[1]]
    shot[..., :2] = (shot[..., :2] - np.array(corner) / zoom) * zoom
    x, y = shot[..., 0], shot[..., 1]
    shot[(x < 0) | (y < 0) | (x > pose.width - 1) | (y > pose.height - 1)] = 0
    return pose.replace(keypoints=keypoints)


@pytest.mark.parametrize("zoom", [1.3, 1.6, 2.0])
def test_a_half_body_is_as_tall_as_the_whole_one_and_stands_where_it_stood(zoom):
    whole = dancer()
    partial = punched_in(whole, zoom, (256 * (zoom - 1), 150 * (zoom - 1)))
    assert not partial.present()[CUTS[0] : CUTS[1], LEGS[1::2]].any()
    result = complete_bodies(partial, CUTS)
    target = performer(200.0, 400.0)
    statistics = measure_normalization(whole), measure_normalization(target)
    wanted, _ = transfer_pose(whole, *statistics)
    found, _ = transfer_pose(result, *statistics)
    away = np.linalg.norm(found.keypoints[:, BODY, :2] - wanted.keypoints[:, BODY, :2], axis=2)
    assert found.present()[:, BODY].all()
    assert away[: CUTS[0]].max() < 0.01 * 200 and away[CUTS[1] :].max() < 0.01 * 200
    assert away[CUTS[0] : CUTS[1]].max() < 0.02 * 200


def test_what_is_hung_on_is_marked_and_counted():
    result = complete_bodies(punched_in(dancer(), 2.0, (256.0, 150.0)), CUTS)
    shot = np.zeros(FRAMES, bool)
    shot[CUTS[0] : CUTS[1]] = True
    assert (imputed_legs(result) == shot).all()
    assert (result.origin[shot][:, LEGS[1::2]] == IMPUTED).all()
    assert (result.origin[~shot] != IMPUTED).all()
    assert len(result.keypoints) == FRAMES and result.fps == FPS


def test_feet_stay_on_the_ground_while_a_half_body_sinks_and_rises():
    whole = dancer()
    keypoints = whole.keypoints.copy()
    above = [index for index in range(keypoints.shape[1]) if index not in BELOW]
    keypoints[:, above, 1] += 25 * np.sin(np.arange(FRAMES) / 4)[:, None] ** 2
    result = complete_bodies(punched_in(whole.replace(keypoints=keypoints), 2.0, (256.0, 150.0)), CUTS)
    ankles = result.keypoints[CUTS[0] : CUTS[1], LEGS[1::2], 1].mean(axis=1)
    hips = result.keypoints[CUTS[0] : CUTS[1], INDEX["left_hip"], 1]
    assert np.ptp(hips) > 15 and np.abs(ankles - whole.keypoints[0, LEGS[1::2], 1].mean()).max() < 3
    knees = result.keypoints[CUTS[0] : CUTS[1], LEGS[::2], 1].mean(axis=1)
    assert np.ptp(knees - (hips + ankles) / 2) < 6  # bent or stretched, not broken


def test_legs_that_were_bent_to_stay_inside_the_picture_are_not_hung_on():
    whole = dancer()
    keypoints = whole.keypoints.copy()
    keypoints[CUTS[0] - 20 : CUTS[1], BELOW] = 0
    for side in ("left", "right"):  # before the shot, knees alone are seen, as an estimator bends them
        knee, hip = INDEX[f"{side}_knee"], INDEX[f"{side}_hip"]
        keypoints[CUTS[0] - 20 : CUTS[0], knee] = keypoints[CUTS[0] - 20 : CUTS[0], hip] + [60, 10, 0]
    result = complete_bodies(whole.replace(keypoints=keypoints), CUTS)
    shot = slice(*CUTS)
    away = np.linalg.norm((result.keypoints - whole.keypoints)[shot, LEGS[::2], :2], axis=2)
    assert away.max() < 10


def test_feet_that_are_cut_off_below_the_ankles_are_hung_on():
    whole = dancer()
    keypoints = whole.keypoints.copy()
    toes = [joint for joint in BELOW if joint not in LEGS]
    keypoints[CUTS[0] : CUTS[1], toes] = 0
    result = complete_bodies(whole.replace(keypoints=keypoints), CUTS)
    shot = slice(*CUTS)
    away = np.linalg.norm((result.keypoints - whole.keypoints)[shot, toes, :2], axis=2)
    assert away.max() < 3 and (result.origin[shot, toes] == IMPUTED).all()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_head_that_is_cut_off_is_hung_on_the_shoulders(elsewhere):
    """A close-up of the trunk: whether the view shows the head at times, or only the others do."""
    whole, shot = dancer(), slice(*CUTS)
    head = [INDEX[name] for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
    keypoints = whole.keypoints.copy()
    keypoints[shot, head] = keypoints[shot, FACE] = 0
    keypoints[100:105, head] = whole.keypoints[100:105, head]
    keypoints[100:105, head[1:3]] = 0  # the edge of the picture is between nose and eyes
    views = [(0, False), (1, False), (0, False)] if elsewhere else None
    result = complete_bodies(whole.replace(keypoints=keypoints), CUTS, views=views)
    away = np.linalg.norm((result.keypoints - whole.keypoints)[shot, head, :2], axis=2)
    assert away.max() < 0.04 * 300 and (result.origin[shot, head[1]] == IMPUTED).all()
    seen_behind = whole.keypoints.copy()
    seen_behind[shot, head[:3]] = 0  # from behind the ears are seen: nothing is missing
    behind = whole.replace(keypoints=seen_behind)
    assert complete_bodies(behind, CUTS, views=views) is behind


def test_feet_that_no_frame_of_a_nearer_camera_shows_are_those_of_the_other_camera():
    whole, zoom, shot = dancer(), 1.2, slice(*CUTS)
    keypoints = whole.keypoints.copy()
    keypoints[shot, :, :2] *= zoom
    wanted = keypoints.copy()
    toes = [joint for joint in BELOW if joint not in LEGS]
    keypoints[shot, toes] = 0
    keypoints[CUTS[0] - 1, toes, 1] -= 20  # a mixture of both cameras
    views = [(0, False), (1, False), (0, False)]
    result = complete_bodies(whole.replace(keypoints=keypoints), CUTS, views=views)
    away = np.linalg.norm((result.keypoints - wanted)[shot, toes, :2], axis=2)
    assert away.max() < 1 and (result.origin[shot, toes] == IMPUTED).all()


def test_noise_of_a_detector_costs_a_few_per_cent_of_the_height():
    whole = dancer(noise=1.5)
    result = complete_bodies(punched_in(whole, 2.0, (256.0, 150.0)), CUTS)
    shot = slice(CUTS[0], CUTS[1])
    away = np.linalg.norm((result.keypoints - whole.keypoints)[shot, BODY, :2], axis=2)
    assert np.median(away) < 0.03 * 300


def test_a_whole_body_all_along_is_left_as_it_is():
    pose = dancer()
    assert complete_bodies(pose, CUTS, 0.32) is pose
    hidden = without(pose, slice(20, 60), "left_ankle")  # behind the other leg
    assert complete_bodies(hidden, CUTS, 0.32) is hidden


def test_nobody_is_held_for_max_gap_and_then_gone():
    pose = dancer()
    keypoints = pose.keypoints.copy()
    keypoints[100:130] = 0
    result = complete_bodies(pose.replace(keypoints=keypoints), [100, 130], 0.32)
    seen = result.present().any(axis=1)
    assert seen[:108].all() and not seen[108:130].any() and seen[130:].all()
    assert (result.keypoints[100:108, :, :2] == result.keypoints[99, :, :2]).all()
    assert (result.origin[100:108] == IMPUTED).all()
    assert not imputed_legs(result)[100:108].any()


def test_a_head_alone_gets_no_body():
    pose = without(dancer(), slice(None), *(f"{side}_{joint}" for side in ("left", "right")
                                           for joint in ("elbow", "hip", "knee", "ankle")))  # fmt: skip
    assert complete_bodies(pose, CUTS, 0.32) is pose
    with pytest.raises(InputError, match="head to feet"):
        measure_normalization(pose)
