"""Normalisation in px of the scene and shot by shot: a pan is no walk, a zoom no approach, a cut no jump."""

from dataclasses import replace

import numpy as np
import pytest

from dancenow.camera.path import MOVING, STILL, CameraPath, moved_points
from dancenow.errors import InputError
from dancenow.keypoints import INDEX
from dancenow.pose.normalize import measure_normalization, transfer_pose
from dancenow.pose.shot_statistics import in_scene, measure_shots, shot_parts, transfer_clip
from hand_held import hand_held_maps
from tripod import still_path
from walkers import FRAMES, performer, wander, without

SIZE = 512, 512
TARGET = performer(240, 470)
STATISTICS = measure_normalization(TARGET)
HEIGHT = STATISTICS["h_close"]


def filmed(pose, maps):
    """The Pose as a camera with these maps, from its px to the scene's, shows it."""
    keypoints = pose.keypoints.copy()
    there = moved_points(np.linalg.inv(maps), keypoints[..., :2].astype(float))
    keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, there, 0)
    return pose.replace(keypoints=keypoints)


def path_of(maps, *kinds, cuts=()):
    count = len(maps)
    shot = np.searchsorted(list(cuts), np.arange(count), side="right")
    extents = np.tile([-100.0, -100, 611, 611], (len(kinds), 1))
    return CameraPath(maps, np.ones(count, np.float32), shot, kinds, extents, *SIZE)


def placed(pose, path):
    return transfer_clip(pose, path, measure_shots(pose, path), STATISTICS).pose


def error(pose, expected):
    """RMS over all keypoints, in shares of the figure's height."""
    seen = expected.present()
    way = (pose.keypoints - expected.keypoints)[seen][:, :2]
    return float(np.sqrt((way**2).sum(axis=1).mean())) / HEIGHT


def test_a_tripod_without_cuts_is_what_it_was():
    source = performer(150, 300, wander())
    path = still_path(len(source.keypoints), *SIZE)
    statistics = measure_shots(source, path)
    assert statistics == measure_normalization(source)
    expected, _ = transfer_pose(source, statistics, STATISTICS)
    assert placed(source, path).keypoints.tobytes() == expected.keypoints.tobytes()


def test_a_hand_held_source_stands_as_the_still_one():
    source = performer(150, 300, wander())
    maps = hand_held_maps(len(source.keypoints), 25, SIZE, share=1.0)
    maps[:, :2, 2] += 255.5
    view = filmed(source, maps)
    expected = placed(source, still_path(len(source.keypoints), *SIZE))
    assert error(placed(view, path_of(maps, MOVING)), expected) < 0.003
    taken_for_the_dancer = placed(view, still_path(len(source.keypoints), *SIZE))
    assert error(taken_for_the_dancer, expected) > 0.03


def test_where_the_scene_begins_changes_nothing():
    """A path may count px from anywhere; what was never seen stays so."""
    source = without(performer(150, 300, wander()), slice(20, 60), "left_wrist")
    maps = np.tile(np.eye(3), (len(source.keypoints), 1, 1))
    maps[:, :2, 2] = -700, -400
    expected = placed(source, still_path(len(maps), *SIZE))
    found = placed(source, path_of(maps, MOVING))
    assert error(found, expected) < 0.003
    np.testing.assert_array_equal(found.origin, expected.origin)


def test_a_long_pan_leaves_the_usual_framing_and_the_dancer_stays_whole():
    """What lies outside the usual framing was seen all the same, when the camera showed it."""
    source = performer(150, 300, wander())
    count = len(source.keypoints)
    maps = np.tile(np.eye(3), (count, 1, 1))
    maps[:, 0, 2] = np.linspace(-900, 900, count)
    pose, path = source, path_of(maps, MOVING)
    scene, corner = in_scene(pose, path)
    assert corner[0] < -600 and scene.width > 1500 and (scene.origin == pose.origin).all()
    result, _, legs, way = transfer_clip(pose, path, measure_shots(pose, path), STATISTICS)
    assert not legs.any() and 0.1 < way < 0.4
    # whoever walks along with the camera is as tall all the way, and on one ground
    still = placed(source, still_path(count, *SIZE)).keypoints
    seen = still[..., 2] > 0
    assert np.abs((result.keypoints - still)[..., 1][seen]).max() < 0.01 * HEIGHT


def test_a_punch_in_is_no_approach_and_no_jump():
    source = performer(150, 300, wander())
    count = len(source.keypoints)
    maps = np.tile(np.eye(3), (count, 1, 1))
    maps[count // 2 :] = [[0.7, 0, 60], [0, 0.7, 100], [0, 0, 1]]
    cut = filmed(source, maps)
    path = path_of(np.tile(np.eye(3), (count, 1, 1)), STILL, STILL, cuts=[count // 2])
    statistics = measure_shots(cut, path)
    heights = [shot["statistics"]["h_close"] for shot in statistics["shots"]]
    assert heights[1] == pytest.approx(heights[0] / 0.7, rel=0.01)
    result = placed(cut, path).keypoints
    expected = placed(source, still_path(count, *SIZE)).keypoints
    seen = expected[..., 2] > 0
    way = (result - expected)[..., :2]
    # the middle of each shot is its own, so the whole may stand a little aside; at the cut nothing jumps
    assert np.linalg.norm((way - way[0].mean(axis=0))[seen], axis=1).mean() < 0.01 * HEIGHT


def test_another_pose_across_a_cut_is_at_the_place_of_its_own_shot():
    """Only a dance that goes on must not jump: who bends elsewhere may have walked there."""
    half = FRAMES // 2
    path = np.r_[np.linspace(200, 300, half), np.linspace(350, 450, half)]
    source = performer(150, 300, path)
    for joint in ("elbow", "wrist"):
        for side in ("left", "right"):
            source.keypoints[half:, INDEX[f"{side}_{joint}"], 1] -= 90
    still = path_of(np.tile(np.eye(3), (FRAMES, 1, 1)), STILL, STILL, cuts=[half])
    hips = placed(source, still).keypoints[:, INDEX["left_hip"], 0]
    assert hips[half - 1] - hips[half] > 80


def test_a_short_shot_takes_the_statistics_of_its_neighbour():
    source = performer(150, 300, wander())
    count = len(source.keypoints)
    path = path_of(np.tile(np.eye(3), (count, 1, 1)), STILL, STILL, cuts=[count - 10])
    shots = measure_shots(source, path)["shots"]
    assert shots[0]["statistics"] and shots[1] == {"first": count - 10, "stop": count, "statistics": None}
    parts = shot_parts(source, {"shots": shots})
    assert [own["h_close"] for _, own in parts] == [shots[0]["statistics"]["h_close"]] * 2
    assert len(placed(source, path).keypoints) == count


def test_short_shots_of_two_cameras_in_turn_are_of_one_size():
    """Half a second of each: the wide camera's scene tells the size, or none does."""
    source = performer(150, 300, wander())
    count = len(source.keypoints)
    maps = np.tile(np.eye(3), (count, 1, 1))
    cuts = list(range(12, count, 12))
    turn = np.searchsorted(cuts, np.arange(count), side="right") % 2
    maps[turn == 1] = [[0.6, 0, 90], [0, 0.6, 170], [0, 0, 1]]
    cut, still = filmed(source, maps), np.tile(np.eye(3), (count, 1, 1))
    expected = placed(source, still_path(count, *SIZE))
    kinds = (STILL,) * (len(cuts) + 1)
    turns = tuple(number % 2 for number in range(len(kinds)))
    path = replace(path_of(still, *kinds, cuts=cuts), scenes=turns)
    assert heights(placed(cut, path)) == pytest.approx(heights(expected), rel=0.02)
    # no shot is seen again: the longest way from any of them to the next is one size too
    strangers = path_of(still, *kinds, cuts=cuts)
    assert heights(placed(cut, strangers)) == pytest.approx(heights(expected), rel=0.06)
    # without the cuts, the figure grows at each of them
    assert heights(placed(cut, still_path(count, *SIZE))) != pytest.approx(heights(expected), rel=0.2)


def test_a_shot_of_nobody_is_empty_and_ends_nothing():
    source = performer(150, 300, wander())
    count = len(source.keypoints)
    keypoints = source.keypoints.copy()
    keypoints[:20] = 0
    path = path_of(np.tile(np.eye(3), (count, 1, 1)), STILL, STILL, cuts=[20])
    result = placed(source.replace(keypoints=keypoints), path)
    assert not result.keypoints[:20].any() and result.present()[20:].any(axis=1).all()


def heights(pose):
    """(T,) px from the ankles to the nose."""
    return pose.keypoints[:, [15, 16], 1].mean(axis=1) - pose.keypoints[:, 0, 1]


def test_a_path_of_another_clip_is_refused():
    source = performer(150, 300)
    with pytest.raises(InputError, match=r"path has 3 frames .* delete both"):
        in_scene(source, still_path(3, *SIZE))
