"""mediapipe on footage with two people, made of the demo's clips: who is found, where, and who is not."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from dancenow.keypoints import BODY, BODY_NAMES
from dancenow.pose.estimators import mediapipe_holistic, mediapipe_people
from dancenow.pose.estimators.mediapipe_holistic import MediapipeHolistic
from dancenow.pose.estimators.mediapipe_people import _overlap, crops
from dancenow.pose.masks import MaskPacker, holds
from dancenow.pose.people import detect_people

DATA = Path(__file__).resolve().parents[3] / "data"
FRAMES = 6
HALF = 160  # px: the width kept of either clip


def footage(name, count):
    """(frames, truth): the first frames of the clip, and (T, 17, 3) of the true joints."""
    clip = cv2.VideoCapture(str(DATA / f"{name}.mp4"))
    frames = np.array([cv2.cvtColor(clip.read()[1], cv2.COLOR_BGR2RGB) for _ in range(count)])
    with np.load(DATA / f"{name}.keypoints.npz") as stored:
        names = stored["names"].tolist()
        truth = stored["keypoints"][:count, [names.index(joint) for joint in BODY_NAMES[BODY]]]
    return frames, truth


def half(name):
    """FRAMES frames of the clip as from footage, cut to HALF px around its performer."""
    frames, truth = footage(name, FRAMES)
    middle = np.median(truth[truth[..., 2] > 0, 0])
    left = int(np.clip(middle - HALF / 2, 0, frames.shape[2] - HALF))
    return frames[:, :, left : left + HALF], truth - [left, 0, 0]


@pytest.fixture(scope="module")
def pair():
    """(frames, truths): alice on the left of brunomars, and where both are."""
    (left, alice), (right, brunomars) = half("alice"), half("brunomars")
    return np.concatenate([left, right], axis=2), (alice, brunomars + [HALF, 0, 0])


def test_two_people_are_both_found_and_followed(pair):
    frames, truths = pair
    masks = MaskPacker(2 * HALF, frames.shape[1])
    found = list(MediapipeHolistic().detect((np.ascontiguousarray(frame) for frame in frames), masks))
    assert [len(people) for people in found] == [2] * FRAMES
    packed = masks.packed()
    for index, people in enumerate(found):
        assert all(holds(packed[index], person) for person in people)
    for truth in truths:
        nearest = []
        for people, joints in zip(found, truth, strict=True):
            seen = joints[:, 2] > 0
            apart = np.linalg.norm(people[:, BODY, :2] - joints[:, :2], axis=-1)
            nearest.append(apart[:, seen].mean(axis=1).min())
        assert max(nearest) < 0.05 * np.ptp(truth[..., 1])


def test_one_person_is_not_found_twice(pair):
    frames = pair[0][:, :, :HALF]
    found = list(MediapipeHolistic().detect(np.ascontiguousarray(frame) for frame in frames))
    assert [len(people) for people in found] == [1] * FRAMES


def test_who_is_found_late_is_followed_back_to_where_he_came_in(pair, monkeypatch):
    """Nobody on the right in the first frame; he comes in the second, the next look is at the fifth."""
    for module in (mediapipe_people, mediapipe_holistic):
        monkeypatch.setattr(module, "LOOK_EVERY", 4)
    frames = pair[0].copy()
    frames[0, :, HALF:] = frames[0, :, HALF - 1 : HALF]
    masks = MaskPacker(2 * HALF, frames.shape[1])
    found = list(MediapipeHolistic().detect(frames, masks))
    assert [len(people) for people in found] == [1] + [2] * (FRAMES - 1)
    packed = masks.packed()
    assert all(holds(packed[index], person) for index in range(FRAMES) for person in found[index])


def test_a_cartwheel_is_followed_upside_down_and_back():
    """A whole turn in 18 frames; without a second look the skeleton is wrong from half the turn on."""
    angles = [0, 0, *np.linspace(0, 360, 19), 360, 360]
    frames, truth = footage("alice", len(angles))
    height, width = frames.shape[1:3]
    turns = [cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1) for angle in angles]
    turned = [
        cv2.warpAffine(frame, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        for frame, turn in zip(frames, turns, strict=True)
    ]
    for people, joints, turn in zip(MediapipeHolistic().detect(turned), truth, turns, strict=True):
        seen = joints[:, 2] > 0
        apart = np.linalg.norm(people[0, BODY, :2] - joints[:, :2] @ turn[:, :2].T - turn[:, 2], axis=-1)
        assert apart[seen].mean() < 0.05 * np.ptp(joints[seen, 1])


class Film(list):
    """Stands for a FrameStore."""

    fps, cuts = Fraction(10), ()


def test_who_dances_upside_down_before_a_still_crowd_is_found_by_the_movement():
    """The detector misses a small upside-down figure beside people who stand."""
    (frames, truth), (still, _) = footage("brunomars", 21), footage("alice", 1)
    frames, truth = frames[::5, :, 170:330], truth[::5] - [170, 0, 0]
    crowd, scale = np.concatenate([still[0][:, 176:336]] * 3, axis=1), 0.7
    film = Film()
    for frame in frames:
        turned = cv2.resize(frame[::-1, ::-1], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = crowd.copy()
        picture[-turned.shape[0] :, 180 : 180 + turned.shape[1]] = turned
        film.append(picture)
    film.height, film.width = film[0].shape[:2]
    places = (np.array([159, 511]) - truth[..., :2] + 0.5) * scale - 0.5
    places += (180, film.height - turned.shape[0])
    people, masks = detect_people(MediapipeHolistic(), film, "bob")
    for index, (place, seen) in enumerate(zip(places, truth[..., 2] > 0, strict=True)):
        found = people.keypoints[people.frame == index]
        apart = np.linalg.norm(found[:, BODY, :2] - place, axis=-1)[:, seen].mean(axis=1)
        assert apart.min() < 0.1 * np.ptp(place[seen, 1])
        assert holds(masks[index], found[apart.argmin()])


def test_crops_are_squares_that_cover_the_frame():
    for width, height in ((512, 288), (320, 512), (256, 256), (1024, 96)):
        covered = np.zeros((height, width), bool)
        for x, y, side in crops(width, height):
            assert side == min(width, height) and x + side <= width and y + side <= height
            covered[y : y + side, x : x + side] = True
        assert covered.all()


def test_boxes_overlap_by_their_share():
    def skeleton(x0, x1):
        keypoints = np.zeros((133, 3), np.float32)
        keypoints[:2] = (x0, 0, 1), (x1, 10, 1)
        return keypoints

    assert _overlap(skeleton(0, 10), skeleton(0, 10)) == 1
    assert _overlap(skeleton(0, 10), skeleton(5, 15)) == pytest.approx(1 / 3)
    assert _overlap(skeleton(0, 10), skeleton(20, 30)) == 0
