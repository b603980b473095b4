"""The camera is found where it moved, and nothing is claimed where nothing can be told."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow.camera.find import find_path
from dancenow.camera.path import MOVING, SHAKING, STILL, UNKNOWN, moved_points
from dancenow.camera.tracker import ShotTracker
from dancenow.keypoints import People
from hand_held import centred, film_view, hand_held_maps, path_error
from performers import performer

SIZE = 192, 192
COUNT = 40


def wall(seed=0):
    """(192, 192, 3) uint8: coarse and fine texture."""
    random = np.random.default_rng(seed)
    fine, coarse = (cv2.GaussianBlur(random.normal(0, 1, SIZE[::-1]), (0, 0), width) for width in (1.5, 6))
    grey = 120 + 25 * fine / fine.std() + 25 * coarse / coarse.std()
    return np.repeat(np.clip(grey, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def people_of(keypoints, fps=25):
    count = len(keypoints)
    return People(
        keypoints, np.arange(count, dtype=np.int32), count, Fraction(fps), *SIZE, "test", "sha256:0"
    )


def nobody(count):
    empty = np.zeros((0, 133, 3), np.float32)
    return People(empty, np.zeros(0, np.int32), count, Fraction(25), *SIZE, "test", "sha256:0")


def dancing(picture, count=COUNT):
    """The picture with somebody textured who walks through it, and where they are."""
    keypoints = performer(count, *SIZE, tall=100.0).keypoints.copy()
    step = np.linspace(-30, 30, count)
    keypoints[..., 0] += np.where(keypoints[..., 2] > 0, step[:, None], 0).astype(np.float32)
    cloth = np.random.default_rng(9).integers(0, 255, (120, 40, 3), dtype=np.uint8)
    frames = []
    for points, way in zip(keypoints, step.round().astype(int), strict=True):
        frame = picture.copy()
        seen = points[points[:, 2] > 0, :2]
        x, y = int(seen[:, 0].mean()) - 20, int(seen[:, 1].mean()) - 60
        frame[max(0, y) : y + 120, x : x + 40] = np.roll(cloth, way, axis=0)[max(0, -y) :][
            : SIZE[1] - max(0, y)
        ]
        frames.append(frame)
    return frames, keypoints


def test_a_hand_held_camera_is_found_behind_somebody_who_walks():
    frames, keypoints = dancing(wall())
    maps = centred(hand_held_maps(COUNT, 25, SIZE, shake=0.003), SIZE, SIZE)
    gains = 1 + 0.15 * np.sin(np.linspace(0, 4, COUNT))
    views = [film_view(*given) for given in zip(frames, maps, [SIZE] * COUNT, gains, strict=True)]
    keypoints[..., :2] = np.where(
        keypoints[..., 2:] > 0, moved_points(np.linalg.inv(maps), keypoints[..., :2].astype(float)), 0
    )
    path = find_path(views, people_of(keypoints), [])
    assert path.kinds == (MOVING,)
    assert np.sqrt((path_error(path.maps, maps, SIZE) ** 2).mean()) < 0.5 * SIZE[0] / 512
    assert path.extents[0, 2] - path.extents[0, 0] > 1.1 * SIZE[0]
    # one frame is the usual framing, and its map exactly the identity
    assert (path.maps == np.eye(3)).all(axis=(1, 2)).any()


def test_a_tripod_gives_the_identity_though_somebody_walks():
    frames, keypoints = dancing(wall())
    noise = np.random.default_rng(1).normal(0, 3, (COUNT, *SIZE, 1))
    noisy = np.clip(np.stack(frames) + noise, 0, 255).astype(np.uint8)
    path = find_path(noisy, people_of(keypoints), [])
    assert path.kinds == (STILL,) and path.is_still
    assert (path.maps == np.eye(3)).all() and (path.sure == 1).all()


def test_shake_is_told_from_a_pan_and_a_cut_begins_a_new_scene():
    shaken = hand_held_maps(COUNT, 25, SIZE, pan=0, zoom=1, roll=0, shake=0.006)
    shaken = centred(shaken, SIZE, SIZE)
    views = [film_view(wall(), there, SIZE) for there in shaken] + [wall(5)] * 20
    path = find_path(views, nobody(COUNT + 20), [COUNT])
    assert path.kinds == (SHAKING, STILL)
    assert path.shot_frames() == [(0, COUNT), (COUNT, COUNT + 20)]
    assert (path.maps[COUNT:] == np.eye(3)).all()
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(path.maps[:COUNT], np.tile(np.eye(3), (COUNT, 1, 1)))


def test_a_punch_in_goes_on_in_the_same_scene():
    """A tripod's clip with a punch-in, and back: one shot, the cuts' maps to half a pixel of 512."""
    frames, keypoints = dancing(wall())
    there = np.tile(np.eye(3), (COUNT, 1, 1))
    there[16:28] = [[1 / 1.6, 0, 30], [0, 1 / 1.6, 20], [0, 0, 1]]
    views = [film_view(frame, own, SIZE) for frame, own in zip(frames, there, strict=True)]
    keypoints[..., :2] = np.where(
        keypoints[..., 2:] > 0, moved_points(np.linalg.inv(there), keypoints[..., :2].astype(float)), 0
    )
    path = find_path(views, people_of(keypoints), [16, 28])
    assert path.kinds == (MOVING,) and path.shot_frames() == [(0, COUNT)]
    assert (path.maps[:16] == np.eye(3)).all() and (path.maps[28:] == np.eye(3)).all()
    corners = np.array([(0, 0), (191, 0), (0, 191), (191, 191)], float)
    assert np.abs(moved_points(path.maps, corners) - moved_points(there, corners)).max() < 0.5 * SIZE[0] / 512


def test_a_cut_to_another_time_in_one_framing_leaves_a_tripod_as_it_is():
    frames, keypoints = dancing(wall())
    path = find_path(frames[:10] + frames[25:], people_of(np.delete(keypoints, slice(10, 25), 0)), [10])
    assert path.kinds == (STILL, STILL) and path.is_still


def test_a_camera_that_was_seen_before_shows_its_scene_again():
    """Camera A, camera B, A again, A nearer: three scenes less one, and the last in px of the first."""
    nearer = np.array([[1 / 1.6, 0, 30], [0, 1 / 1.6, 20], [0, 0, 1]])
    views = (
        [wall()] * 12
        + [wall(5)] * 12
        + [wall()] * 12
        + [wall(5)] * 6
        + [film_view(wall(), nearer, SIZE)] * 12
    )
    path = find_path(views, nobody(len(views)), [12, 24, 36, 42])
    assert path.kinds == (STILL, STILL, STILL, STILL, MOVING) and path.scenes == (0, 1, 0, 1, 0)
    assert (path.maps[:42] == np.eye(3)).all()
    corners = np.array([(0, 0), (191, 0), (0, 191), (191, 191)], float)
    assert np.abs(moved_points(path.maps[42:], corners) - moved_points(nearer, corners)).max() < 0.3
    assert path.part(np.flatnonzero(path.scene == 1)).scenes == (1, 1)


def test_tripods_before_one_plain_wall_share_their_scene():
    plain = [np.full((*SIZE, 3), level, np.uint8) for level in (90, 100)]
    path = find_path([plain[0]] * 6 + [plain[1]] * 6 + [wall()] * 6, nobody(18), [6, 12])
    assert path.scenes == (0, 0, 1) and path.is_still


def faded(before, behind, count=12):
    """Frames of two pictures with a cross-fade between them, which no cut tells of."""
    shares = np.clip((np.arange(3 * count) - count) / count, 0, 1)
    return [cv2.addWeighted(before, 1 - share, behind, share, 0) for share in shares]


def test_a_cross_fade_to_another_scene_begins_one():
    path = find_path(faded(wall(), wall(5)), nobody(36), [])
    assert path.kinds == (STILL, STILL) and path.scenes == (0, 1)
    assert abs(path.shot_frames()[1][0] - 18) <= 4


def test_a_cross_fade_to_a_nearer_view_keeps_the_scene():
    nearer = np.array([[1 / 1.6, 0, 30], [0, 1 / 1.6, 20], [0, 0, 1]])
    path = find_path(faded(wall(), film_view(wall(), nearer, SIZE)), nobody(36), [])
    assert path.scenes == (0,)
    truth = np.concatenate([np.tile(np.eye(3), (12, 1, 1)), np.tile(nearer, (12, 1, 1))])
    found = np.concatenate([path.maps[:12], path.maps[24:]])
    assert path_error(found, truth, SIZE).max() < 0.5


@pytest.mark.parametrize("kind", ["black", "noise"])
def test_what_tells_nothing_counts_as_still_with_a_warning(kind, caplog):
    random = np.random.default_rng(2)
    frames = np.zeros((12, *SIZE, 3), np.uint8)
    if kind == "noise":
        frames = random.integers(0, 255, frames.shape, dtype=np.uint8)
    path = find_path(frames, nobody(12), [])
    assert path.kinds == (UNKNOWN,) and path.is_still and (path.sure == 0).all()
    assert "frames 0 to 11 show too few corners" in caplog.text


def test_one_frame_is_a_still_camera():
    assert find_path([wall()], nobody(1), []).kinds == (STILL,)


def test_a_camera_that_spins_all_around_is_followed():
    turns = np.linspace(0, 2 * np.pi, 120)
    maps = np.tile(np.eye(3), (120, 1, 1))
    middle = (np.array(SIZE) - 1) / 2
    for there, turn in zip(maps, turns, strict=True):
        there[:2, :2] = 0.6 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        there[:2, 2] = middle - there[:2, :2] @ middle
    path = find_path([film_view(wall(), there, SIZE) for there in maps], nobody(120), [])
    assert path.kinds == (MOVING,)
    assert path_error(path.maps, maps, SIZE).max() < 2
    assert np.isfinite(path.extents).all() and np.abs(path.extents).max() < 3 * SIZE[0]


def test_a_phone_turned_over_midway_is_level_where_people_stand():
    pose = performer(30, *SIZE, tall=90.0).keypoints
    turns = np.deg2rad(90) * np.clip((np.arange(30) - 12) / 8, 0, 1)
    maps, middle = np.tile(np.eye(3), (30, 1, 1)), (np.array(SIZE) - 1) / 2
    maps[:, :2, :2] = np.array([[np.cos(turns), -np.sin(turns)], [np.sin(turns), np.cos(turns)]]).T.swapaxes(
        1, 2
    )
    maps[:, :2, 2] = middle - maps[:, :2, :2] @ middle
    there = pose.copy()
    there[..., :2] = moved_points(np.linalg.inv(maps), pose[..., :2].astype(float)) * (pose[..., 2:] > 0)
    path = find_path([film_view(wall(), each, SIZE) for each in maps], people_of(there), [])
    roll = np.degrees(np.arctan2(path.maps[:, 1, 0], path.maps[:, 0, 0]))
    assert np.abs(roll[:12]).max() < 3 and np.abs(roll[-8:] - 90).max() < 3


def test_each_of_two_cross_fades_to_a_nearer_view_and_back_is_found_where_it_is():
    nearer = np.array([[1 / 1.6, 0, 30], [0, 1 / 1.6, 20], [0, 0, 1]])
    there = faded(wall(), film_view(wall(), nearer, SIZE))
    path = find_path(there + there[::-1], nobody(72), [])
    assert path.scenes == (0,)
    zoom = np.hypot(path.maps[:, 0, 0], path.maps[:, 1, 0])
    near = zoom / zoom[0] < 0.8
    assert abs(near.argmax() - 18) <= 2 and abs(near[36:].argmin() + 36 - 54) <= 2
    np.testing.assert_allclose(zoom[near] / zoom[0], 1 / 1.6, rtol=0.02)
    np.testing.assert_allclose(zoom[~near] / zoom[0], 1, rtol=0.02)


def test_a_short_loss_ends_no_tracking_at_a_high_rate():
    """Dark for an eighth of a second, while the camera goes on by 12 px."""
    rate, picture = 60, cv2.cvtColor(wall(), cv2.COLOR_RGB2GRAY)
    tracker, dark = ShotTracker(rate), np.zeros_like(picture)
    for grey in (picture, *[dark] * (rate // 8)):
        tracker.add(grey, lambda: np.full_like(picture, 255))
        assert not tracker.restarted
    found, _ = tracker.add(np.roll(picture, 12, axis=1), lambda: np.full_like(picture, 255))
    assert found is not None and np.abs(found - [[1, 0, -12], [0, 1, 0], [0, 0, 1]]).max() < 0.2


@pytest.mark.parametrize("contrast", [3, 15])
def test_a_fast_pan_along_bricks_is_followed(contrast):
    """Up to 25 px a frame along bricks of 16: one looks like the next, and the last step tells which."""
    random, bricks = np.random.default_rng(4), np.full((SIZE[1], 700, 3), 170.0)
    for row, y in enumerate(range(0, SIZE[1], 8)):
        for x in range(-8 * (row % 2), 700, 16):
            bricks[y + 1 : y + 8, max(0, x + 1) : x + 16] = random.integers(105 - contrast, 105 + contrast)
    bricks = cv2.GaussianBlur(bricks, (0, 0), 0.7) + random.normal(0, 2, bricks.shape)
    bricks = np.clip(bricks, 0, 255).astype(np.uint8)
    share = np.clip((np.arange(38) - 10) / 18, 0, 1)
    maps = np.tile(np.eye(3), (38, 1, 1))
    maps[:, 0, 2] = 300 * share**2 * (3 - 2 * share)
    path = find_path([film_view(bricks, there, SIZE) for there in maps], nobody(38), [])
    assert path.kinds == (MOVING,) and path_error(path.maps, maps, SIZE).max() < 1


@pytest.mark.parametrize("frame", [15, 21])
def test_a_scene_changes_where_people_do_while_it_fades(frame):
    """Corners tell the middle of a cross-fade; the detector goes over to the new picture elsewhere."""
    small, large = (performer(36, *SIZE, tall=tall).keypoints for tall in (60.0, 110.0))
    keypoints = np.concatenate([small[:frame], large[frame:]])
    path = find_path(faded(wall(), wall(5)), people_of(keypoints), [])
    assert [first for first, _ in path.shot_frames()] == [0, frame] and path.scenes == (0, 1)
