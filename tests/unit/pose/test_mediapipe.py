"""mediapipe for real, on the demo footage, whose true joints are known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from dancenow.keypoints import BODY, BODY_NAMES, COUNT, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.pose.estimators.mediapipe_holistic import MediapipeHolistic
from dancenow.pose.estimators.mediapipe_masks import MaskAround
from dancenow.pose.masks import MaskPacker, holds

DATA = Path(__file__).resolve().parents[3] / "data"
STEP = 12  # frames of the clip between two that are looked at
LOOKED_AT = 6


@pytest.fixture(scope="module")
def alice():
    """(frames, truth): a handful of frames, and {joint: (T, 3)} of where the rig's joints are."""
    clip = cv2.VideoCapture(str(DATA / "alice.mp4"))
    frames = [clip.read()[1] for _ in range(STEP * LOOKED_AT)][::STEP]
    with np.load(DATA / "alice.keypoints.npz") as stored:
        points = stored["keypoints"][: STEP * LOOKED_AT : STEP]
        truth = dict(zip(stored["names"].tolist(), points.swapaxes(0, 1), strict=True))
    return [cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in frames], truth


@pytest.fixture(scope="module")
def detected(alice):
    """(T, 133, 3): alice as mediapipe sees her."""
    found = list(MediapipeHolistic().detect(alice[0]))
    assert [people.shape for people in found] == [(1, COUNT, 3)] * LOOKED_AT
    return np.concatenate(found)


def body_height(truth):
    """px from the lowest ankle to the nose of the first frame, in which alice stands."""
    return max(truth["left_ankle"][0, 1], truth["right_ankle"][0, 1]) - truth["nose"][0, 1]


def test_mediapipe_finds_the_joints(alice, detected):
    truth = alice[1]
    wanted = np.stack([truth[name] for name in BODY_NAMES[BODY]], axis=1)
    assert (detected[:, BODY, 2][wanted[..., 2] > 0] > 0.5).all()
    errors = np.linalg.norm(detected[:, BODY, :2] - wanted[..., :2], axis=-1)[wanted[..., 2] > 0]
    assert errors.mean() < 0.03 * body_height(truth)


def test_mediapipe_keeps_left_and_right_apart(alice, detected):
    truth, compared = alice[1], 0
    for name in BODY_NAMES[BODY]:
        if not name.startswith("left_"):
            continue
        other = name.replace("left_", "right_")
        apart = np.linalg.norm(truth[name][:, :2] - truth[other][:, :2], axis=-1) > 0.1 * body_height(truth)
        for own, opposite in ((name, other), (other, name)):
            points = detected[apart, INDEX[own], :2]
            near = np.linalg.norm(points - truth[own][apart, :2], axis=-1)
            far = np.linalg.norm(points - truth[opposite][apart, :2], axis=-1)
            assert (near < far).all(), own
            compared += len(points)
    assert compared > 4 * LOOKED_AT


def test_mediapipe_hands_are_on_their_own_side(alice, detected):
    truth, seen = alice[1], 0
    for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        joints = [points[:, :2] for name, points in truth.items() if name.startswith(f"{side}_hand")]
        middle = np.mean(joints, axis=0)
        found = detected[:, part, 2].all(axis=-1)
        distance = np.linalg.norm(detected[:, part, :2].mean(axis=1) - middle, axis=-1)[found]
        assert (distance < 0.05 * body_height(truth)).all()
        seen += found.sum()
    assert seen >= LOOKED_AT


def test_mediapipe_starts_every_clip_afresh(alice, detected):
    estimator = MediapipeHolistic()
    blank = np.zeros_like(alice[0][0])
    assert next(estimator.detect([blank])).shape == (0, COUNT, 3)
    np.testing.assert_array_equal(next(estimator.detect(alice[0][:1]))[0], detected[0])


def test_a_mask_around_a_given_skeleton_is_as_good_as_holistics(alice, detected):
    frames, packer, model = alice[0], MaskPacker(*alice[0][0].shape[1::-1]), MaskAround()
    list(MediapipeHolistic().detect(frames, packer))
    theirs = packer.packed()
    for index, (frame, person) in enumerate(zip(frames, detected, strict=True)):
        mask = model.mask(frame, person)
        both, either = (mask > 127) & (theirs[index] > 127), (mask > 127) | (theirs[index] > 127)
        assert holds(mask, person) and both.sum() > 0.95 * either.sum()
    wall = detected[0].copy()
    wall[:, 0] -= 200  # px: nobody stands there
    assert not holds(model.mask(frames[0], wall), wall)
    model.close()
