"""What stands in for a side of the person that the footage never shows."""

import cv2
import numpy as np
import pytest

from dancenow.keypoints import COUNT, FACE, INDEX, standing_height
from dancenow.pose.facing import turned
from dancenow.references.backs import mirrored, mirrored_piece, without_face, without_print
from dancenow.references.body_parts import PARTS
from dancenow.references.files import load_bank, save_bank
from dancenow.references.likeness import OPPOSITE, side_of, unlikeness
from dancenow.references.making import make_bank
from dancenow.references.sampling import RealPixels
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
FRONTS = 20
BACK = POSE.keypoints[-1]
WHOLE = 0, 0, POSE.width, POSE.height
BULGE = 30, 200, 220


def bulging(keypoints):
    """Frames and masks of the dancer with something on the outer side of the left shank, and a print."""
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[: len(keypoints)])
    frames, masks = drawn(pose, UNIT)
    for frame, mask, points in zip(frames, masks, keypoints, strict=True):
        place = _beside(points, 0.055)
        for picture, colour in ((frame, BULGE), (mask, 255)):
            cv2.circle(picture, place, 3, colour, -1)
        if turned(points[None], UNIT)[0] > 0:
            middle = points[[INDEX["left_shoulder"], INDEX["right_hip"]], :2].mean(axis=0)
            cv2.circle(frame, np.rint(middle).astype(int).tolist(), 4, (255, 255, 255), -1)
    return frames, masks


def _beside(points, share):
    """The px of a place beside the left shank, away from the right leg, at a share of the height."""
    middle = points[[INDEX["left_knee"], INDEX["left_ankle"]], :2].mean(axis=0)
    outwards = np.sign(points[INDEX["left_hip"], 0] - points[INDEX["right_hip"], 0])
    return np.rint(middle + [outwards * share * UNIT, 0]).astype(int).tolist()


@pytest.fixture(scope="module")
def front():
    """The bank of footage that shows the front alone."""
    keypoints = POSE.keypoints[:FRONTS]
    frames, masks = bulging(keypoints)
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:FRONTS])
    return make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), FRONTS)


def test_a_mirrored_front_is_a_back():
    own = np.stack([POSE.keypoints[0], BACK])
    assert side_of(turned(own, UNIT)).tolist() == [1, -1]
    assert side_of(turned(mirrored(own), UNIT)).tolist() == [-1, 1]
    np.testing.assert_allclose(mirrored(mirrored(BACK)), BACK)
    rgba = np.random.default_rng(0).integers(0, 255, (4, 6, 4)).astype(np.uint8)
    x, y, other = mirrored_piece((10, 20, rgba))
    assert y == 20 and (other[:, -12 - x] == rgba[:, 2]).all()  # column 12 lies at -12


def test_limbs_from_behind_have_the_mirrored_outline_and_a_trunk_no_print(front, tmp_path):
    chosen = front.paths(BACK[None])[0]
    counts = np.array([len(rows) for rows in front.rows])
    assert (chosen >= counts).all()
    picture = front.picture(BACK, chosen, WHOLE)
    inner, outer = (
        picture[_beside(BACK, share)[::-1][0], _beside(BACK, share)[0]] for share in (-0.055, 0.055)
    )
    assert outer[3] > 150 and np.abs(outer[:3].astype(int) - BULGE).max() < 90
    assert inner[3] < outer[3] or np.abs(inner[:3].astype(int) - BULGE).max() > 60
    middle = np.rint(BACK[[INDEX["left_shoulder"], INDEX["right_hip"]], :2].mean(axis=0)).astype(int)
    shown = picture[middle[1], middle[0]].astype(int)
    assert shown[3] > 240 and np.abs(shown[:3] - COLOURS["trunk"]).max() < 20
    # the front is copied as it is
    seen = front.picture(POSE.keypoints[3], front.paths(POSE.keypoints[:FRONTS])[3], WHOLE)
    place = POSE.keypoints[3, [INDEX["left_shoulder"], INDEX["right_hip"]], :2].mean(axis=0)
    column, line = np.rint(place).astype(int)
    assert seen[line, column, :3].min() > 220
    save_bank(tmp_path / "bank.npz", front, POSE, FRONTS)
    again = load_bank(tmp_path / "bank.npz")
    assert np.array_equal(again.picture(BACK, again.paths(BACK[None])[0], WHOLE), picture)


def test_training_never_takes_what_was_not_seen(front):
    pixels = RealPixels(front, None, 25, FRONTS)
    counts = np.array([len(rows) for rows in front.rows])
    two_sided = [PARTS.index(part) for part in ("head", "trunk")]
    for seed in range(5):
        chosen = pixels._pick(BACK, 500, np.random.default_rng(seed))
        assert (chosen < counts).all() and (chosen[two_sided] == -1).all()


def test_who_was_seen_from_behind_is_shown_as_seen():
    frames, masks = bulging(POSE.keypoints)
    bank = make_bank(frames, POSE, masks, np.full(frames.shape[1:], WALL, np.uint8), len(frames))
    chosen = bank.paths(POSE.keypoints)
    assert (chosen < [len(rows) for rows in bank.rows]).all()


def test_a_head_is_turned_by_its_ears_and_a_side_view_is_no_back():
    points = POSE.keypoints[:1].copy()
    ears = [INDEX["left_ear"], INDEX["right_ear"]]
    points[0, ears, 0] = points[0, ears[::-1], 0]
    assert turned(points, UNIT, "head")[0] < 0 < turned(points, UNIT)[0]
    feature = np.zeros((1, 2), np.float32)

    def cost(wanted, given):
        return unlikeness("trunk", feature, feature, np.float32([wanted]), np.float32([given]))[0, 0]

    assert cost(-0.15, 0.02) == cost(-0.15, 0.15) == OPPOSITE
    assert cost(-0.02, 0.02) == cost(-0.15, -0.02) == cost(0.15, 0.0) == 0


def test_a_side_view_is_no_back_where_a_mirrored_front_is_a_whole_one():
    keypoints = POSE.keypoints[: FRONTS + 2].copy()
    for points, towards in zip(keypoints[FRONTS:], (0.1, -0.1), strict=True):  # seen from the side
        points[:, 0] = points[:, 0].mean() + towards * (points[:, 0] - points[:, 0].mean())
    assert (side_of(turned(keypoints[FRONTS:], UNIT)) == 0).all()
    frames, masks = bulging(keypoints)
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[: len(keypoints)])
    bank = make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), len(keypoints))
    for part in ("head", "trunk"):
        number = PARTS.index(part)
        assert FRONTS + 1 in bank.frames[bank.rows[number]]  # it was there to be chosen
        assert bank.paths(BACK[None])[0][number] >= len(bank.rows[number])
    # from the side it is still shown as it was seen
    trunk = PARTS.index("trunk")
    beside = bank.paths(keypoints[-1:])[0][trunk]
    assert beside < len(bank.rows[trunk])


def test_a_head_from_behind_shows_hair_and_no_face():
    hair, skin = (60, 30, 20), (230, 190, 170)
    rgba = np.zeros((60, 40, 4), np.uint8)
    cv2.ellipse(rgba, (20, 28), (18, 27), 0, 0, 360, (*hair, 255), -1)
    cv2.ellipse(rgba, (20, 32), (11, 15), 0, 0, 360, (*skin, 255), -1)
    cv2.rectangle(rgba, (15, 48), (25, 59), (*skin, 255), -1)  # the neck
    points = np.zeros((COUNT, 3), np.float32)
    around = np.linspace(0, np.pi, len(range(COUNT)[FACE]))
    points[FACE] = np.stack(
        [120 + 10 * np.cos(around), 230 + 14 * np.sin(around), np.ones_like(around)], axis=1
    )
    other = without_face((100, 200, rgba), points, 300.0)
    assert np.array_equal(other[..., 3], rgba[..., 3])
    assert np.abs(other[20:44, 20, :3].astype(int) - hair).max() < 30
    assert np.array_equal(other[55, 20], rgba[55, 20])  # the neck stays
    unknown = without_face((100, 200, rgba), np.zeros_like(points), 300.0)
    assert np.array_equal(unknown, rgba)


def test_a_trunk_from_behind_shows_what_most_of_each_row_shows():
    rgba = np.zeros((60, 40, 4), np.uint8)
    rgba[:, 5:35] = 200, 40, 60, 255
    rgba[40:, 5:35] = 40, 60, 160, 255  # trousers
    rgba[10:20, 12:24] = 255  # a print
    rgba[::7, 20] = 250, 240, 30, 255  # buttons
    other = without_print(rgba, 300.0)
    assert np.abs(other[:33, 5:35, :3].astype(int) - (200, 40, 60)).max() < 12
    assert np.abs(other[47:, 5:35, :3].astype(int) - (40, 60, 160)).max() < 12
    assert not other[:, :5].any() and not without_print(np.zeros_like(rgba), 300.0).any()
