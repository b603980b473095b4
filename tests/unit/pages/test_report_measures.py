"""What the report measures in pictures: sharpness, light, a room that moves, a camera that moves."""

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dancenow.keypoints import COUNT as COUNT_ALL
from dancenow.model.background import person_mask
from dancenow.pages.report.appearance import measure_appearance, person_sharpness, sample_frames
from dancenow.pages.report.camera import camera_motion
from dancenow.pages.report.verdict import GOOD, LIMITS
from dancenow.video.media import decode, probe
from performers import performer
from rooms import SIZE, room, with_person

COUNT = 24


@pytest.fixture(scope="module")
def pose():
    return performer(COUNT, SIZE, SIZE, tall=120.0)


@pytest.fixture(scope="module")
def frames(pose):
    return with_person(pose, room())


def sharpness(frame, pose):
    return person_sharpness(frame[..., 0], person_mask(pose.keypoints[0], SIZE, SIZE))


def test_samples_span_the_clip():
    assert sample_frames(5, 120).tolist() == [0, 1, 2, 3, 4]
    many = sample_frames(10000, 120)
    assert len(many) == 120 and (many[0], many[-1]) == (0, 9999)
    assert sample_frames(1).tolist() == [0]


def test_sharpness_falls_as_the_person_is_blurred(frames, pose):
    values = [sharpness(frames[0], pose)]
    for sigma in (0.7, 1.5, 3):
        values.append(sharpness(gaussian_filter(frames[0], (sigma, sigma, 0)), pose))
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.5 * values[0]


def test_the_limit_of_sharpness_lies_at_a_blur_of_one_px(data):
    """On the demo's target, whose footage is known to be sharp enough."""
    clip = data / "alice.mp4"
    frame = next(decode(clip, probe(clip), 512, 512))[..., 1]
    with np.load(data / "alice.keypoints.npz") as stored:
        points = np.zeros((COUNT_ALL, 3), np.float32)
        points[: len(stored["keypoints"][0]), :2] = stored["keypoints"][0, :, :2]
        points[: len(stored["keypoints"][0]), 2] = 1
    mask = person_mask(points, 512, 512)
    levels = [
        LIMITS["sharpness"].level(person_sharpness(gaussian_filter(frame, s), mask)) for s in (0, 0.7, 1.5)
    ]
    assert levels == ["good", "good", "will show"]


@pytest.mark.parametrize("axis", [0, 1])
def test_a_motion_blur_in_one_direction_counts(frames, pose, axis):
    smeared = cv2.blur(frames[0], (1, 13) if axis == 0 else (13, 1))
    assert sharpness(smeared, pose) < 0.7 * sharpness(frames[0], pose)


def test_a_blurred_room_is_not_a_blurred_person(frames, pose):
    mask = person_mask(pose.keypoints[0], SIZE, SIZE)[..., None]
    soft = gaussian_filter(frames[0], (4, 4, 0))
    assert sharpness(np.where(mask, frames[0], soft), pose) > 0.95 * sharpness(frames[0], pose)
    assert sharpness(np.where(mask, soft, frames[0]), pose) < 0.6 * sharpness(frames[0], pose)


def test_nobody_has_no_sharpness(frames):
    looks = measure_appearance(frames, None)
    assert np.isnan(looks["sharpness"]).all() and np.isnan(looks["light"]).all()
    assert np.isfinite(looks["room_light"]).all()


def test_clipping_is_the_persons(frames, pose):
    looks = measure_appearance(frames, pose)
    assert looks["dark"].max() == looks["bright"].max() == 0
    masks = np.stack([person_mask(points, SIZE, SIZE) for points in pose.keypoints])
    assert measure_appearance(np.where(masks[..., None], 2, frames).astype(np.uint8), pose)["dark"].min() == 1
    night = measure_appearance(np.where(masks[..., None], frames, 2).astype(np.uint8), pose)
    assert night["dark"].max() == 0
    white = measure_appearance(np.where(masks[..., None], 255, frames).astype(np.uint8), pose)
    assert white["bright"].min() == 1


def test_light_that_changes_is_no_movement(frames, pose):
    fade = np.linspace(0, 40, COUNT).astype(np.uint8)[:, None, None, None]
    looks = measure_appearance(frames + fade, pose)
    assert np.ptp(looks["room_light"]) == pytest.approx(40, abs=2)
    assert looks["room_change"].max() < 0.01


def test_something_that_moves_in_the_room(frames, pose):
    busy = frames.copy()
    for index, frame in enumerate(busy):
        frame[10:50, 4 * index : 4 * index + 40] = 250
    looks = measure_appearance(busy, pose)
    assert LIMITS["moving room"].level(np.median(looks["room_change"])) != GOOD
    still = measure_appearance(frames, pose)
    assert LIMITS["moving room"].level(np.median(still["room_change"])) == GOOD


def travel(motion):
    return np.ptp(motion["shift"], axis=0).max()


def test_a_person_who_moves_is_no_camera_that_moves(frames, pose):
    motion = camera_motion(frames, pose, pose.fps)
    assert np.isfinite(motion["step"]).all()
    assert travel(motion) < 0.3
    assert np.ptp(motion["zoom"]) < 0.003


def test_noise_does_not_add_up_to_a_journey():
    """However long a clip of a tripod is: errors of the steps are not summed."""
    pose = performer(120, SIZE, SIZE, tall=110.0)
    noise = np.random.default_rng(4).normal(0, 15, (120, SIZE, SIZE, 1))
    frames = np.clip(with_person(pose, room()) + noise, 0, 255).astype(np.uint8)
    motion = camera_motion(frames, pose, 5)
    assert np.isfinite(motion["step"]).mean() > 0.9
    assert travel(motion) < 0.35
    assert LIMITS["camera zoom"].level(np.ptp(motion["zoom"])) == GOOD


def seen_by(wall, pose, move):
    """Frames of the wall under the affine `move(index)`, (2, 3), with the person in front of it."""
    views = [cv2.warpAffine(wall, move(i), (SIZE, SIZE), flags=cv2.INTER_CUBIC) for i in range(COUNT)]
    return np.stack([with_person(pose, view)[i] for i, view in enumerate(views)])


def test_a_pan_is_measured_in_px(pose):
    wall = room(3 * SIZE, 3 * SIZE)
    frames = seen_by(
        wall, pose, lambda i: np.array([[1, 0, -SIZE - 1.5 * i], [0, 1, -SIZE + 0.5 * i]], float)
    )
    motion = camera_motion(frames, pose, pose.fps)
    assert motion["shift"][-1] == pytest.approx([-1.5 * (COUNT - 1), 0.5 * (COUNT - 1)], abs=0.5)
    assert LIMITS["camera travel"].level(travel(motion) / SIZE) == "will fail"


def test_a_zoom_is_measured(pose):
    wall = room(3 * SIZE, 3 * SIZE)

    def move(index):
        scale = 1 + 0.005 * index
        offset = SIZE / 2 - scale * 1.5 * SIZE
        return np.array([[scale, 0, offset], [0, scale, offset]])

    motion = camera_motion(seen_by(wall, pose, move), pose, pose.fps)
    assert motion["zoom"][-1] == pytest.approx(1 + 0.005 * (COUNT - 1), abs=0.01)


def test_a_plain_wall_tells_nothing_of_the_camera(pose):
    motion = camera_motion(np.full((COUNT, SIZE, SIZE, 3), 120, np.uint8), pose, pose.fps)
    assert np.isnan(motion["step"]).all() and motion["corners"].max() == 0
    assert travel(motion) == 0


def test_one_frame_is_a_still_camera(frames, pose):
    motion = camera_motion(frames[:1], pose, pose.fps)
    assert len(motion["step"]) == 0 and travel(motion) == 0
