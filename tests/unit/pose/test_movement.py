"""What moves most in a clip, beside its camera, and whether somebody who was found accounts for it."""

import cv2
import numpy as np
import pytest

from dancenow.pose.movement import Region, accounts, moving_regions, unaccounted
from performers import performer

FPS = 10.0
SIZE = 240, 320  # height, width
BLOCK = 60  # px
DRAWN = np.random.default_rng(0)
WALL = cv2.resize(DRAWN.integers(60, 140, (40, 60, 3), np.uint8), (480, 320), interpolation=cv2.INTER_CUBIC)
PATTERN = DRAWN.integers(0, 255, (BLOCK // 6, BLOCK // 6, 3), np.uint8).repeat(6, 0).repeat(6, 1)


def scene(count=9, pan=0, step=12):
    """Frames of a wall of a camera that pans, before it a block that moves, both by px a frame."""
    frames = []
    for index in range(count):
        left = 10 + pan * index
        frame = WALL[10 : 10 + SIZE[0], left : left + SIZE[1]].copy()
        x = 100 + step * index
        frame[100 : 100 + BLOCK, x : x + BLOCK] = PATTERN
        frames.append(frame)
    return frames


def everywhere(_index):
    return np.full(SIZE, 255, np.uint8)


def skeleton(x, y, tall):
    """(133, 3) of a person of `tall` px who stands around x, y."""
    points = performer(1, 320, 240, tall=tall).keypoints[0].copy()
    seen = points[:, 2] > 0
    points[seen, :2] += (x, y) - (points[seen, :2].min(axis=0) + points[seen, :2].max(axis=0)) / 2
    return points


@pytest.mark.parametrize("pan", [0, 3])
def test_the_region_is_what_moves_against_the_scene(pan):
    found = dict(moving_regions(scene(pan=pan), range(9), FPS, everywhere))
    assert list(found) == list(range(9))
    for index in range(1, 8):
        x, y = found[index].middle()
        assert abs(x - (100 + 12 * index + BLOCK / 2)) < 12 and abs(y - (100 + BLOCK / 2)) < 12
        assert not found[index].mask[:40].any() and not found[index].energy[~found[index].mask].any()


def test_the_region_is_where_the_mover_is_and_not_where_it_was_or_will_be():
    found = dict(moving_regions(scene(count=4, step=50), range(4), FPS, everywhere))
    for index in (1, 2):
        columns = np.flatnonzero(found[index].mask.any(axis=0))
        assert columns[0] > 100 + 50 * index - 25 and columns[-1] < 100 + 50 * index + BLOCK + 25


def test_of_two_movers_the_region_is_the_larger():
    frames = scene()
    for index, frame in enumerate(frames):
        frame[20 + 4 * index : 32 + 4 * index, 20:32] = 255 * (index % 2)
    found = dict(moving_regions(frames, range(9), FPS, everywhere))
    assert all(not found[index].mask[:70, :60].any() for index in range(1, 8))


def test_every_second_frame_is_enough():
    found = list(moving_regions(scene(), range(9), FPS, everywhere, every=2))
    assert [index for index, _ in found] == [0, 2, 4, 6, 8]
    assert all(region is not None for _, region in found)


@pytest.mark.parametrize("pan", [0, 3])
def test_nothing_moves_but_the_camera(pan):
    lefts = [10 + pan * index for index in range(9)]
    still = [WALL[10 : 10 + SIZE[0], left : left + SIZE[1]].copy() for left in lefts]
    assert all(region is None for _, region in moving_regions(still, range(9), FPS, everywhere))


def test_a_skeleton_accounts_for_what_moves_on_it():
    mask = np.zeros(SIZE, bool)
    mask[60:180, 130:190] = True
    region = Region(mask, mask.astype(np.float32))
    there, elsewhere = (accounts(region, skeleton(x, 120, 110)) for x in (160, 60))
    assert there[0] > 0.9 and there[1] > 0.2
    assert elsewhere == (0.0, 0.0)
    assert accounts(region, np.zeros((133, 3), np.float32)) == (0.0, 0.0)


@pytest.mark.parametrize("followed", [False, True])
def test_frames_are_told_in_which_nobody_moves_as_the_region_does(followed):
    frames = scene()
    people = [
        np.array([skeleton(130 + 12 * index, 130, 70) if followed else skeleton(40, 120, 120)])
        for index in range(9)
    ]
    told = [index for index, _ in unaccounted(frames, people, range(9), FPS, everywhere)]
    assert told == ([] if followed else list(range(9)))
