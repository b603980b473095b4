"""Frames whose scene is lost are told by who is seen in them: nobody is thrown aside by a bump."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow.camera import find
from dancenow.camera.bodies import RIGID, Bodies
from dancenow.camera.find import find_path
from dancenow.camera.path import MOVING, SHAKING, STILL, moved_points
from dancenow.camera.scene import place_view
from dancenow.keypoints import People, Pose
from hand_held import film_view
from performers import performer

SIZE = 192, 192
COUNT = 90
MIDDLE = (np.array(SIZE) - 1) / 2


def wall(seed=0):
    rough = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, SIZE), (0, 0), 2)
    return np.repeat(np.clip(120 + 40 * rough / rough.std(), 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def turned(angle, x, y):
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.vstack([np.column_stack([linear, MIDDLE - linear @ MIDDLE + (x, y)]), [0, 0, 1]])


def people_of(keypoints):
    frames = np.arange(len(keypoints), dtype=np.int32)
    return People(keypoints, frames, len(keypoints), Fraction(25), *SIZE, "test", "sha256:0")


def filmed(maps, lost=()):
    """(frames, People, true keypoints) of somebody before a wall, of which `lost` frames show nothing."""
    pose = performer(len(maps), *SIZE, tall=90.0).keypoints
    frames = [film_view(wall(), there, SIZE) for there in maps]
    for index in lost:
        frames[index] = np.full((*SIZE[::-1], 3), 120, np.uint8)
    there = pose.copy()
    there[..., :2] = moved_points(np.linalg.inv(maps), pose[..., :2].astype(float)) * (pose[..., 2:] > 0)
    return frames, people_of(there), pose


def thrown(path, people, pose):
    """(T,) px: how far head and trunk lie from the truth in the scene, one place for the whole clip free."""
    way = (path.to_scene(people.keypoints) - pose)[:, RIGID, :2]
    return np.linalg.norm(way - np.median(way, axis=(0, 1)), axis=2).mean(axis=1)


def knocked(before, behind):
    """Maps of a camera that is knocked from one framing to another, and the frames in which that is seen."""
    maps = np.array([turned(*before)] * COUNT)
    for index, share in zip(range(40, 48), np.linspace(0, 1, 8), strict=True):
        wild = np.sin(np.pi * share) * np.array([0.4 * np.sin(9 * share), 50 * np.cos(7 * share), -40])
        maps[index] = turned(*((1 - share) * np.array(before) + share * np.array(behind) + wild))
    maps[48:] = turned(*behind)
    return maps, range(40, 48)


def test_a_knock_throws_nobody_aside():
    maps, lost = knocked((0, 0, 0), (0.05, 14, -8))
    frames, people, pose = filmed(maps, lost)
    path = find_path(frames, people, [])
    assert path.kinds == (MOVING,) and (path.sure[list(lost)] == 0).all()
    assert thrown(path, people, pose).max() < 7  # his sway is not straight
    # who is told to be there by people alone is not shown as a target
    target = Pose(people.keypoints, people.fps, *SIZE, "test", "sha256:0")
    assert not set(place_view(path, target).used.tolist()) & set(lost)


@pytest.mark.parametrize("end", ["start", "end"])
def test_a_camera_that_is_lifted_or_put_down_throws_nobody_aside(end):
    maps = np.array([turned(0.01 * np.sin(index / 9), 3 * np.sin(index / 6), 0) for index in range(COUNT)])
    lost = range(8) if end == "start" else range(COUNT - 8, COUNT)
    for index in lost:
        share = (8 - index if end == "start" else index - COUNT + 9) / 8
        maps[index] = turned(0.6 * share, 50 * share, -30 * share)
    frames, people, pose = filmed(maps)
    for index in lost:  # another wall, as of the room's other side
        frames[index] = film_view(wall(7), maps[index], SIZE)
    path = find_path(frames, people, [])
    assert len(path.kinds) == 1
    assert thrown(path, people, pose).max() < 14  # of which 12 are the dancer's own
    target = place_view(path, Pose(people.keypoints, people.fps, *SIZE, "test", "sha256:0"))
    assert max(target.width, target.height) <= SIZE[0] + 32


def test_a_dancer_s_own_jump_is_not_taken_for_the_camera_s():
    """What is filled in between two frames stays as long as people can move so."""
    pose = performer(COUNT, *SIZE, tall=90.0).keypoints
    seconds = np.clip((np.arange(COUNT) - 40) / 25, 0, 0.32)
    pose[..., 1] -= np.where(pose[..., 2] > 0, 480 * (seconds * (0.32 - seconds))[:, None], 0)
    known = np.ones(COUNT, bool)
    known[42:47] = False
    maps = np.tile(np.eye(3), (COUNT, 1, 1))
    np.testing.assert_array_equal(Bodies(people_of(pose)).carry(0, maps, known), maps)


def test_a_tripod_that_is_tapped_is_moved_back_and_the_rest_left_unchanged():
    maps = np.tile(np.eye(3), (COUNT * 2, 1, 1))
    maps[60], maps[61] = turned(0, 12, 3), turned(0, 5, 0)
    frames, people, pose = filmed(maps)
    path = find_path(frames, people, [])
    assert path.kinds == (SHAKING,) and thrown(path, people, pose).max() < 0.5
    assert (np.delete(path.maps, [60, 61], axis=0) == np.eye(3)).all()
    view = place_view(path, Pose(people.keypoints, people.fps, *SIZE, "test", "sha256:0"))
    assert (view.width, view.height) == SIZE
    np.testing.assert_array_equal(view.warp(frames[7], 7), frames[7])
    assert find_path(frames[:60], people_of(people.keypoints[:60]), []).kinds == (STILL,)


def test_a_whip_pan_to_another_wall_throws_nobody_aside_in_the_new_scene(monkeypatch):
    """What blurs belongs to the new scene, but was followed from the old one."""
    maps = np.array([turned(0, 90 * share, 0) for share in np.clip((np.arange(COUNT) - 40) / 6, 0, 1)])
    frames, people, pose = filmed(maps, range(43, 46))
    for index in range(46, COUNT):
        frames[index] = film_view(wall(7), maps[index], SIZE)
    monkeypatch.setattr(find, "_middle", lambda *_: 41)
    path = find_path(frames, people, [])
    assert len(path.kinds) == 2
    way = (path.to_scene(people.keypoints) - pose)[41:, RIGID, 0]
    # one place in all of the scene, but for the dancer's own sway
    assert np.ptp(way.mean(axis=1)) < 14


def test_a_wall_that_looks_the_same_elsewhere_does_not_move_the_dancer(monkeypatch):
    """lay_over is wrong by one period of the pattern, so that the dancer would jump to another place."""
    maps, lost = knocked((0, -40, 0), (0, 40, 0))
    frames, people, pose = filmed(maps, lost)
    monkeypatch.setattr(find, "lay_over", lambda *_: np.eye(3))
    assert thrown(find_path(frames, people, []), people, pose).max() < 8


def test_of_two_people_each_is_laid_over_themselves():
    first, second = (performer(2, *SIZE, tall=tall).keypoints for tall in (60.0, 90.0))
    second[..., 0] += np.where(second[..., 2] > 0, 60, 0)
    there = turned(0.2, 30, -10)
    both = np.concatenate([first[:1], second[:1]])
    moved = both[::-1].copy()
    moved[..., :2] = moved_points(np.linalg.inv(there), moved[..., :2].astype(float)) * (moved[..., 2:] > 0)
    frame = np.array([0, 0, 1, 1], np.int32)
    people = People(np.concatenate([both, moved]), frame, 2, Fraction(25), *SIZE, "test", "sha256:0")
    np.testing.assert_allclose(Bodies(people).view(1, 0), there, atol=1e-3)


@pytest.mark.parametrize("zoom, same", [(1.7, True), (1 / 1.7, True), (2.6, False), (1 / 2.6, False)])
def test_who_seems_far_larger_or_smaller_at_once_is_somebody_else(zoom, same):
    """A zoom is that fast in no clip; who stands farther away would pull the scene apart."""
    here = performer(1, *SIZE, tall=60.0).keypoints
    there = here * [zoom, zoom, 1]
    view = Bodies(people_of(np.concatenate([here, there]).astype(np.float32))).view(0, 1)
    assert (view is not None) == same
    if same:
        np.testing.assert_allclose(view, np.diag([zoom, zoom, 1]), atol=1e-3)
