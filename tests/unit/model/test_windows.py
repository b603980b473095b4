import math

import numpy as np
import pytest
import torch

from dancenow.keypoints import COUNT
from dancenow.model.networks import Generator
from dancenow.model.windows import choose_sizes, fit_window, person_boxes, place_windows, to_tensor
from performers import performer


def waving(count=40):
    """A performer who stands with the arms down, then spreads them."""
    pose = performer(count, width=256, height=192, tall=90)
    keypoints = pose.keypoints.copy()
    keypoints[count // 2 :, 9, 0] += 50
    keypoints[count // 2 :, 10, 0] -= 50
    return pose.replace(keypoints=keypoints)


def test_sizes_are_few_ascending_and_made_of_blocks():
    sizes = choose_sizes(waving().keypoints, 256, 192)
    assert 1 < len(sizes) <= 12 and sizes == sorted(sizes, key=math.prod)
    assert np.max(sizes, axis=0).tolist() == list(sizes[-1])
    assert all(side % 32 == 0 for size in sizes for side in size)


def test_a_window_of_a_small_person_is_wide_enough_for_the_deepest_networks():
    sizes = choose_sizes(performer(10, width=1024, height=576, tall=36).keypoints, 1024, 576)
    assert sizes[0] == (64, 64)
    deep = Generator(4, 4, 1, unshuffle=2, background=True).eval()
    blank = torch.zeros(1, 3, *sizes[0][::-1])
    assert deep(blank, blank, blank)[0].shape == blank.shape


def test_the_smallest_window_that_holds_the_box_is_taken():
    sizes = [(64, 96), (128, 96)]
    assert fit_window((100, 50, 150, 120), sizes, 256, 192)[2:] == (64, 96)
    assert fit_window((60, 50, 150, 120), sizes, 256, 192)[2:] == (128, 96)
    assert fit_window((0, 50, 250, 120), sizes, 256, 192)[2:] == (256, 96)
    assert fit_window((0, 0, 50, 60), sizes, 256, 192)[:2] == (0, 0)


def test_windows_hold_the_person_and_stay_inside():
    pose = waving()
    windows = place_windows(pose.keypoints, choose_sizes(pose.keypoints, 256, 192), 256, 192)
    assert (windows >= 0).all() and (windows[:, :2] + windows[:, 2:] <= (256, 192)).all()
    seen = pose.keypoints[..., 2] > 0
    low = np.where(seen, pose.keypoints[..., 0], np.inf).min(axis=1)
    high = np.where(seen, pose.keypoints[..., 0], -np.inf).max(axis=1)
    assert (low >= windows[:, 0]).all() and (high <= windows[:, 0] + windows[:, 2]).all()


def test_windows_do_not_flicker_between_sizes():
    pose = waving()
    windows = place_windows(pose.keypoints, choose_sizes(pose.keypoints, 256, 192), 256, 192)
    assert (np.abs(np.diff(windows[:, 2:], axis=0)).any(axis=1)).sum() <= 2


def test_windows_jump_at_a_cut_and_not_before():
    keypoints = np.repeat(performer(1, width=256, height=192).keypoints, 20, axis=0)
    keypoints[10:, :, 0] += 90
    sizes = [(96, 96), (256, 192)]
    windows = place_windows(keypoints, sizes, 256, 192, cuts=[10])
    assert (windows[:10] == windows[0]).all() and (windows[10:] == windows[19]).all()
    assert windows[0, 0] < windows[19, 0] and windows[0, 2] == 96
    assert (place_windows(keypoints, sizes, 256, 192)[8] != windows[8]).any()


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


def test_who_lies_has_the_margin_of_who_stands():
    standing = performer(20, width=256, height=256, tall=150).keypoints
    boxes = person_boxes(standing)
    assert np.array_equal(person_boxes(standing[..., [1, 0, 2]]), boxes[:, [1, 0, 3, 2]])


def test_pictures_become_tensors_whichever_way_their_memory_runs():
    picture = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    for given in (picture, picture[..., ::-1], picture[:, ::-1]):
        tensor = to_tensor(given[None])
        assert tensor.shape == (1, 3, 4, 6)
        np.testing.assert_array_equal(tensor[0].permute(1, 2, 0).numpy(), given)
