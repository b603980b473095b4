"""Where a keypoint comes from stays with it."""

import numpy as np
import pytest

from dancenow.keypoints import IMPUTED, INDEX, MEASURED, MISSING, REPAIRED, load_pose, save_pose
from dancenow.training.holdout import heldout
from performers import performer

WRIST, NOSE = INDEX["left_wrist"], INDEX["nose"]


def marked(count=6):
    pose = performer(count)
    origin = pose.origin.copy()
    origin[2, WRIST], origin[3, WRIST] = REPAIRED, IMPUTED
    return pose.replace(origin=origin)


def test_what_is_present_counts_as_measured():
    pose = performer()
    assert (pose.origin[pose.present()] == MEASURED).all() and (pose.origin[~pose.present()] == MISSING).all()


def test_origins_are_saved_and_loaded(tmp_path):
    save_pose(tmp_path / "a.npz", marked())
    loaded = load_pose(tmp_path / "a.npz")
    assert loaded.origin.dtype == np.uint8 and np.array_equal(loaded.origin, marked().origin)


def test_moved_keypoints_keep_their_origins():
    pose = marked()
    keypoints = pose.keypoints.copy()
    keypoints[..., :2] += 3 * (keypoints[..., 2:] > 0)
    assert np.array_equal(pose.replace(keypoints=keypoints).origin, pose.origin)


def test_lost_keypoints_are_missing_and_new_ones_invented():
    pose = marked()
    keypoints = pose.keypoints.copy()
    keypoints[3, WRIST] = 0
    keypoints[0, 100] = (5, 5, 1)
    origin = pose.replace(keypoints=keypoints).origin
    assert origin[3, WRIST] == MISSING and origin[0, 100] == IMPUTED
    assert origin[2, WRIST] == REPAIRED and origin[0, NOSE] == MEASURED


def test_another_number_of_frames_needs_its_own_origins():
    pose = marked()
    with pytest.raises(ValueError, match="give origin"):
        pose.replace(keypoints=pose.keypoints[2:])
    assert heldout(pose, 0.5).origin[0, WRIST] == IMPUTED


@pytest.mark.parametrize(
    "wrong",
    [
        lambda origin: origin[:, :17],
        lambda origin: origin.astype(int),
        lambda origin: np.where(origin == MEASURED, 4, origin).astype(np.uint8),
        lambda origin: np.zeros_like(origin),
        lambda origin: np.ones_like(origin),
    ],
)
def test_origins_that_do_not_fit_are_refused(wrong):
    pose = performer()
    with pytest.raises(ValueError, match="origin must be"):
        pose.replace(origin=wrong(pose.origin))
