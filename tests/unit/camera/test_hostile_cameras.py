"""Clips that nobody should film: as a source and as a target, one clear line or a result."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow.camera.find import find_path
from dancenow.camera.path import moved_points
from dancenow.camera.scene import steady_view
from dancenow.errors import InputError
from dancenow.keypoints import People
from dancenow.pose.normalize import measure_normalization
from dancenow.pose.performer import track_performer
from dancenow.pose.shot_statistics import measure_shots, transfer_clip
from hand_held import film_view
from performers import footage, performer

SIZE = 192, 192
TARGET = performer(40, 192, 192, tall=120.0)


class Film(list):
    """Frames as a FrameStore shows them."""

    path, fps = "clip.avi", Fraction(25)


def people_of(pose):
    count = len(pose.keypoints)
    frames = np.arange(count, dtype=np.int32)
    return People(pose.keypoints, frames, count, pose.fps, *SIZE, pose.estimator, pose.checkpoint)


def wall():
    rough = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, SIZE), (0, 0), 2)
    return np.repeat(np.clip(120 + 40 * rough / rough.std(), 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def spinning(count=48):
    """(frames, Pose, maps) of a camera that turns once around its axis before somebody."""
    pose = performer(count, *SIZE, tall=80.0)
    keypoints = pose.keypoints.copy()
    keypoints[..., 1] -= np.where(keypoints[..., 2] > 0, 48, 0).astype(np.float32)
    pose = pose.replace(keypoints=keypoints)
    pictures = footage(pose, background=0)
    pictures = np.where((pictures > 0).any(axis=3, keepdims=True), pictures, wall())
    maps, middle = np.tile(np.eye(3), (count, 1, 1)), (np.array(SIZE) - 1) / 2
    for there, turn in zip(maps, np.linspace(0, 2 * np.pi, count), strict=True):
        there[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
        there[:2, 2] = middle - there[:2, :2] @ middle
    there = moved_points(np.linalg.inv(maps), keypoints[..., :2].astype(float))
    keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, there, 0)
    frames = Film(film_view(picture, own, SIZE) for picture, own in zip(pictures, maps, strict=True))
    return frames, pose.replace(keypoints=keypoints)


def as_source(pose, path):
    statistics = measure_normalization(TARGET)
    return transfer_clip(pose, path, measure_shots(pose, path), statistics, max_gap=0.32).pose


@pytest.mark.parametrize("kind", ["black", "noise"])
def test_a_clip_of_nothing_shows_nobody(kind):
    random, shape = np.random.default_rng(0), (12, *SIZE, 3)
    pictures = random.integers(0, 255, shape, np.uint8) if kind == "noise" else np.zeros(shape, np.uint8)
    pose = TARGET.replace(keypoints=0 * TARGET.keypoints[:12], origin=TARGET.origin[:12] * 0)
    nobody = People(
        np.zeros((0, 133, 3), np.float32), np.zeros(0, np.int32), 12, pose.fps, *SIZE, "test", "sha256:0"
    )
    path = find_path(Film(pictures), nobody, [])
    assert path.is_still and steady_view(path, Film(pictures), pose).still
    with pytest.raises(InputError) as told:
        track_performer(nobody, 0.32, "gaussian", 0.2)
    assert str(told.value) and "\n" not in str(told.value)
    with pytest.raises(InputError, match=r"only 0 of 12 frames show the person from head to feet"):
        as_source(pose, path)


def test_a_clip_of_one_frame_gives_one_frame():
    pose = TARGET.part(slice(1))
    frames = Film(footage(pose))
    path = find_path(frames, people_of(pose), [])
    assert steady_view(path, frames, pose).still
    result = as_source(track_performer(people_of(pose), 0.32, "gaussian", 0.2), path)
    assert result.keypoints.shape == (1, 133, 3) and np.isfinite(result.keypoints).all()


def test_a_camera_that_spins_is_undone_for_a_source_and_a_target():
    frames, pose = spinning()
    path = find_path(frames, people_of(pose), [])
    upright = as_source(pose, path).keypoints
    seen = upright[:, [0, 15, 16], 2].all(axis=1)
    # the head is above the feet in every frame, whichever way the camera holds them
    assert seen.mean() > 0.9 and (upright[seen, 0, 1] < upright[seen][:, [15, 16], 1].min(axis=1)).all()
    view = steady_view(path, frames, pose)
    assert len(view.used) == len(frames) and max(view.width, view.height) <= 2 * max(SIZE) + 32
    steady = view.steady_pose(pose).keypoints[:, 0, :2]
    assert np.ptp(steady, axis=0).max() < 0.2 * SIZE[0]
