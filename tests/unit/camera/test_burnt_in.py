"""What is drawn over a clip or around it stays where it is, and tells nothing of the camera."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow.camera import find
from dancenow.camera.burnt_in import find_burnt_in
from dancenow.camera.find import find_path
from dancenow.camera.outside import Outside
from dancenow.camera.path import MOVING, STILL, moved_points
from dancenow.camera.scene import place_view
from dancenow.keypoints import People, Pose
from hand_held import centred, film_view, hand_held_maps, path_error
from performers import performer

SIZE = 256, 256
COUNT = 48


def wall(seed=0):
    rough = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, SIZE), (0, 0), 1.5)
    return np.repeat(np.clip(120 + 40 * rough / rough.std(), 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def clip(maps):
    """(frames, (T, 133, 3) keypoints) of somebody small before a wall, seen by a camera with these maps."""
    pose = performer(len(maps), *SIZE, tall=90.0).keypoints
    pose[..., 1] -= np.where(pose[..., 2] > 0, 70, 0)
    there = moved_points(np.linalg.inv(maps), pose[..., :2].astype(float))
    moved = pose.copy()
    moved[..., :2] = np.where(pose[..., 2:] > 0, there, 0)
    return [film_view(wall(), own, SIZE) for own in maps], moved


def people_of(keypoints):
    frames = np.arange(len(keypoints), dtype=np.int32)
    return People(keypoints, frames, len(keypoints), Fraction(25), *SIZE, "test", "sha256:0")


def recorded(frames, share=0.75):
    """The frames as a recorded screen shows them: smaller, with much text around them; the (3, 3) maps."""
    page = np.full((*SIZE[::-1], 3), 245, np.uint8)
    for row in range(12, SIZE[1], 12):
        cv2.putText(page, "user interface " * 4, (2, row), 0, 0.4, (30, 30, 30), 1)
    corner, side = round(SIZE[0] * 0.2), round(SIZE[0] * share)
    shown = []
    for frame in frames:
        picture = page.copy()
        picture[corner : corner + side, corner : corner + side] = cv2.resize(frame, (side, side))
        shown.append(picture)
    return shown, np.array([[share, 0, corner], [0, share, corner], [0, 0, 1]], float)


def moved_by(keypoints, there):
    moved = keypoints.copy()
    places = moved_points(there, keypoints[..., :2].astype(float))
    moved[..., :2] = np.where(keypoints[..., 2:] > 0, places, 0)
    return moved


def hand_held():
    return centred(hand_held_maps(COUNT, 25, SIZE, zoom=1.1), SIZE, SIZE)


def test_a_recorded_screen_does_not_hold_the_camera():
    maps = hand_held()
    frames, keypoints = clip(maps)
    frames, there = recorded(frames)
    path = find_path(frames, people_of(moved_by(keypoints, there)), [])
    assert path.kinds == (MOVING,)
    assert np.sqrt((path_error(path.maps, maps @ np.linalg.inv(there), SIZE) ** 2).mean()) < 0.5


def test_a_target_s_background_is_made_without_what_is_drawn_over_it():
    maps = hand_held()
    frames, keypoints = clip(maps)
    people = people_of(keypoints)
    for frame in frames:
        cv2.putText(frame, "@dancers", (20, 238), 0, 0.9, (255, 240, 60), 2)
    path = find_path(frames, people, [])
    assert path.drawn[220:238, 24:120].mean() > 0.9 and path.drawn[:180].mean() < 0.01
    view = place_view(path, Pose(keypoints, people.fps, *SIZE, "test", "sha256:0"))
    shown = view.valid(view.used.tolist().index(20))
    there = view.warp(np.repeat(path.drawn[..., None], 3, axis=2).astype(np.uint8) * 255, 20)[..., 0] > 200
    assert there.any() and not shown[there].any()
    # of a tripod nothing is left out: what is drawn stays in one place
    still = [frames[0]] * COUNT
    assert not find_path(still, people_of(np.repeat(keypoints[:1], COUNT, axis=0)), []).drawn.size


def test_black_bars_do_not_hold_the_camera():
    maps = hand_held()
    frames, keypoints = clip(maps)
    for frame in frames:
        frame[:, :60] = frame[:, -60:] = 0
    path = find_path(frames, people_of(keypoints), [])
    assert np.sqrt((path_error(path.maps, maps, SIZE) ** 2).mean()) < 0.5


def test_bars_are_told_by_nearly_all_of_them_and_a_plain_corner_of_the_room_is_none():
    frames, keypoints = clip(hand_held())
    for index, frame in enumerate(frames):
        frame[:, :40] = 0
        frame[40 + 4 * (index % 2) :, 20][:2] = 60  # dirt
        frame[:170, 220:] = 235  # a lamp that outshines two thirds of the room's edge
    drawn = find_burnt_in(frames, Outside(people_of(keypoints)), COUNT)
    assert drawn[:, :30].all() and not drawn[200:, 225:].any()


def test_a_picture_beside_a_dancer_is_drawn_over_the_room_that_moves_on_their_other_side():
    frames, keypoints = clip(hand_held())
    poster = wall(5)
    for frame in frames:
        frame[:, :90] = poster[:, :90]
    drawn = find_burnt_in(frames, Outside(people_of(keypoints)), COUNT)
    assert drawn is not None and drawn[:, :90].mean() > 0.9 and not drawn[:, 105:].any()


def test_before_a_tripod_nothing_is_drawn_though_leaves_move_on_one_side_of_the_dancer():
    frames, keypoints = clip(np.tile(np.eye(3), (COUNT, 1, 1)))
    leaves = wall(5)
    for index, frame in enumerate(frames):
        frame[:, :128] = leaves[:, 2 * index : 2 * index + 128]
        cv2.putText(frame, "@dancers", (20, 238), 0, 0.9, (255, 240, 60), 2)
    assert find_burnt_in(frames, Outside(people_of(keypoints)), COUNT) is None


@pytest.mark.parametrize("screen", [False, True])
def test_a_tripod_is_still_with_a_recorded_screen_or_a_moving_picture_on_its_wall(screen):
    frames, keypoints = clip(np.tile(np.eye(3), (COUNT, 1, 1)))
    if screen:
        frames, there = recorded(frames)
        keypoints = moved_by(keypoints, there)
    else:
        film = wall(5)
        for index, frame in enumerate(frames):
            frame[20:90, 10:90] = film[20:90, index : index + 80]
    path = find_path(frames, people_of(keypoints), [])
    assert path.kinds == (STILL,) and (path.maps == np.eye(3)).all()


def test_what_stays_before_a_tripod_that_is_put_down_is_not_drawn(monkeypatch):
    """It stays because the camera does, but for the clip's end; a wrong guess must not hide the scene."""
    maps = np.tile(np.eye(3), (COUNT, 1, 1))
    maps[-4:, 0, 2] = 8, 16, 24, 32
    frames, keypoints = clip(maps)
    guess = np.zeros(SIZE[::-1], bool)
    guess[:, 180:] = True
    monkeypatch.setattr(find, "find_burnt_in", lambda *_: guess)
    assert not find_path(frames, people_of(keypoints), []).drawn.size
