import numpy as np
import pytest

from dancenow.keypoints import COUNT
from dancenow.windows import person_boxes, place_windows, window_size
from figures import performer


def test_window_holds_the_person_and_stays_inside():
    pose = performer(40, width=256, height=192, tall=90)
    window = window_size(pose.keypoints, 256, 192)
    corners = place_windows(pose.keypoints, window, 256, 192)
    assert window[0] % 32 == 0 and window[1] % 32 == 0
    assert (corners >= 0).all() and (corners + window <= (256, 192)).all()
    seen = pose.keypoints[..., 2] > 0
    low = np.where(seen, pose.keypoints[..., 0], np.inf).min(axis=1)
    high = np.where(seen, pose.keypoints[..., 0], -np.inf).max(axis=1)
    assert (low >= corners[:, 0]).all() and (high <= corners[:, 0] + window[0]).all()


def test_frames_without_a_person_take_the_nearest_box():
    pose = performer(10)
    keypoints = pose.keypoints.copy()
    keypoints[4] = 0
    boxes = person_boxes(keypoints)
    assert np.isfinite(boxes).all()
    assert np.array_equal(boxes[4], boxes[3]) or np.array_equal(boxes[4], boxes[5])


def test_nobody_at_all_is_an_error():
    with pytest.raises(ValueError, match="no frame"):
        person_boxes(np.zeros((3, COUNT, 3), np.float32))


def test_window_never_shrinks_below_the_trained_one():
    pose = performer(10, width=256, height=192, tall=40)
    assert window_size(pose.keypoints, 256, 192, least=(160, 128)) >= (160, 128)
