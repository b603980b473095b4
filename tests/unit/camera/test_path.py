"""The camera's path: its file, and keypoints into the scene and back."""

import numpy as np
import pytest

from dancenow.camera.path import MOVING, STILL, CameraPath, load_path, save_path
from dancenow.errors import InputError
from tripod import still_path


def two_shots():
    """A still shot of three frames, then one of two whose second frame is zoomed and shifted."""
    maps = np.tile(np.eye(3), (5, 1, 1))
    maps[4] = [[2, 0, 10], [0, 2, -4], [0, 0, 1]]
    return CameraPath(
        maps=maps,
        sure=np.ones(5, np.float32),
        shot=np.array([0, 0, 0, 1, 1]),
        kinds=(STILL, MOVING),
        extents=np.array([[0, 0, 63, 47], [0, -4, 136, 90]], float),
        width=64,
        height=48,
    )


def keypoints(count):
    points = np.random.default_rng(0).uniform(1, 40, (count, 133, 3)).astype(np.float32)
    points[:, 5] = 0
    return points


def test_the_file_gives_back_what_was_saved(tmp_path):
    saved = two_shots()
    save_path(tmp_path / "a.npz", saved)
    read = load_path(tmp_path / "a.npz")
    assert (read.kinds, read.width, read.height) == (saved.kinds, 64, 48)
    for name in ("maps", "sure", "shot", "extents"):
        assert np.array_equal(getattr(read, name), getattr(saved, name))


def test_a_still_path_gives_the_very_same_keypoints():
    given = keypoints(4)
    path = still_path(4, 64, 48)
    assert path.is_still
    assert path.to_scene(given) is given and path.to_frame(given) is given


def test_keypoints_go_into_the_scene_and_back():
    path, given = two_shots(), keypoints(5)
    scene = path.to_scene(given)
    assert not path.is_still
    assert np.array_equal(scene[:4], given[:4])
    seen = np.arange(133) != 5
    assert np.allclose(scene[4, seen, :2], 2 * given[4, seen, :2] + [10, -4], atol=1e-4)
    assert (scene[:, 5] == 0).all() and np.array_equal(scene[..., 2], given[..., 2])
    assert np.allclose(path.to_frame(scene), given, atol=1e-4)


def test_the_frames_of_each_shot():
    assert two_shots().shot_frames() == [(0, 3), (3, 5)]


def test_another_file_is_named(tmp_path):
    np.savez(tmp_path / "b.npz", maps=np.eye(3))
    with pytest.raises(InputError, match=r"b\.npz: not a camera path file .*delete it"):
        load_path(tmp_path / "b.npz")
