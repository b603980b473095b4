"""What the report measures: sharpness, light, a background that moves, a camera that moves."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dancenow.camera.path import MOVING, STILL, CameraPath
from dancenow.camera.steady_frames import SteadyFrames
from dancenow.evenly import evenly
from dancenow.keypoints import COUNT as COUNT_ALL
from dancenow.model.background import person_mask
from dancenow.pages.report.appearance import measure_appearance, person_sharpness
from dancenow.pages.report.camera import camera_motion, greatest, shots, told_camera
from dancenow.pages.report.verdict import GOOD, LIMITS
from dancenow.video.media import decode, probe
from handheld_scene import Store
from performers import performer
from scenes import SIZE, scene, with_person
from tripod import still_path, still_view

COUNT = 24


@pytest.fixture(scope="module")
def pose():
    return performer(COUNT, SIZE, SIZE, tall=120.0)


@pytest.fixture(scope="module")
def frames(pose):
    return with_person(pose, scene())


def sharpness(frame, pose):
    return person_sharpness(frame[..., 0], person_mask(pose.keypoints[0], SIZE, SIZE))


def test_samples_span_the_clip():
    assert evenly(5, 120).tolist() == [0, 1, 2, 3, 4]
    many = evenly(10000, 120)
    assert len(many) == 120 and (many[0], many[-1]) == (0, 9999)
    assert evenly(1, 120).tolist() == [0]


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


def test_a_blurred_background_is_not_a_blurred_person(frames, pose):
    mask = person_mask(pose.keypoints[0], SIZE, SIZE)[..., None]
    soft = gaussian_filter(frames[0], (4, 4, 0))
    assert sharpness(np.where(mask, frames[0], soft), pose) > 0.95 * sharpness(frames[0], pose)
    assert sharpness(np.where(mask, soft, frames[0]), pose) < 0.6 * sharpness(frames[0], pose)


def test_nobody_has_no_sharpness(frames):
    looks = measure_appearance(frames, None)
    assert np.isnan(looks["sharpness"]).all() and np.isnan(looks["light"]).all()
    assert np.isfinite(looks["background_light"]).all()


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
    assert np.ptp(looks["background_light"]) == pytest.approx(40, abs=2)
    assert looks["background_change"].max() < 0.01


def test_something_that_moves_in_the_background(frames, pose):
    busy = frames.copy()
    for index, frame in enumerate(busy):
        frame[10:50, 4 * index : 4 * index + 40] = 250
    looks = measure_appearance(busy, pose)
    assert LIMITS["moving background"].level(np.median(looks["background_change"])) != GOOD
    still = measure_appearance(frames, pose)
    assert LIMITS["moving background"].level(np.median(still["background_change"])) == GOOD


def moving_path(count, width, height, cut):
    """A CameraPath that pans by 1 px a frame, zooms and rolls up to the cut, and stands still afterwards."""
    maps, steps = np.tile(np.eye(3), (count, 1, 1)), np.arange(cut)
    angle = np.deg2rad(2) * steps / cut
    scale = 1 - 0.2 * steps / cut
    linear = scale[:, None, None] * np.moveaxis(
        np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]), -1, 0
    )
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    maps[:cut, :2, :2] = linear
    maps[:cut, :2, 2] = centre - linear @ centre + np.stack([steps, 0 * steps], axis=1)
    return CameraPath(
        maps, np.ones(count, np.float32), (np.arange(count) >= cut).astype(int), (MOVING, STILL),
        np.zeros((2, 4)), width, height,
    )  # fmt: skip


def test_the_cameras_way_is_read_from_its_path():
    path = moving_path(20, 64, 48, 12)
    motion = camera_motion(path)
    assert motion["shift"][:12] == pytest.approx(np.stack([np.arange(12), np.zeros(12)], axis=1))
    assert motion["zoom"][:12] == pytest.approx(1 / (1 - 0.2 * np.arange(12) / 12))
    assert motion["roll"][:12] == pytest.approx(2 * np.arange(12) / 12)
    assert not motion["shift"][12:].any() and motion["zoom"][12:] == pytest.approx(1)
    # from the last frame before the cut to the first behind it nothing moved
    assert greatest(path, motion["shift"]) == pytest.approx(11)
    still = camera_motion(still_path(5, 64, 48))
    assert not still["shift"].any() and not still["roll"].any()


def test_shots_are_told_by_what_camera_and_picture_do():
    path, person, whole = moving_path(20, 64, 48, 12), np.ones(20, bool), np.ones(20, bool)
    whole[12:] = False
    found = shots(path, person, whole)
    assert [(shot.first, shot.stop, shot.camera, shot.shows) for shot in found] == [
        (0, 12, MOVING, "whole body"), (12, 20, STILL, "no feet"),
    ]  # fmt: skip
    person[12:] = False
    assert [shot.shows for shot in shots(path, person, whole)] == ["whole body", "nobody"]
    assert told_camera(found, 4) == "the camera is moving for 3.0 s, still for 2.0 s"
    assert told_camera(found[1:], 4) == "the camera is still throughout"


def test_what_a_steadied_frame_does_not_reach_is_no_background(frames, pose):
    """The blank edges of frames that were moved count neither as dark nor as changed."""
    maps = np.tile(np.eye(3), (COUNT, 1, 1))
    maps[:, 0, 2] = np.linspace(0, 60, COUNT)
    view = replace(still_view(COUNT, SIZE, SIZE), maps=maps)
    there = [cv2.warpAffine(scene(), np.float32([[1, 0, -x], [0, 1, 0]]), (SIZE, SIZE),
                            borderMode=cv2.BORDER_WRAP) for x in maps[:, 0, 2]]  # fmt: skip
    steadied = SteadyFrames(Store(there), view)
    still = measure_appearance(frames, None)
    looks = measure_appearance(steadied, None)
    assert looks["background_light"] == pytest.approx(still["background_light"], abs=6)
    assert looks["background_change"].max() < 0.02
