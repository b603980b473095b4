"""Where pieces end: at joints, at a cut, at what a mask shows faintly, and where they are laid."""

import cv2
import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, standing_height
from dancenow.references import sleeves
from dancenow.references.body_parts import (
    BONE_RADIUS,
    PARTS,
    TRUNK_DEPTH,
    Figure,
    distances,
    enlarged,
    grid,
    shares,
)
from dancenow.references.cutting import REACHES, crop_around, cut, persons_own
from dancenow.references.making import make_bank
from dancenow.references.occlusion import unseen
from dancenow.references.trimming import TINTS
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
COUNT = 20
BACKGROUND = np.full((POSE.height, POSE.width, 3), WALL, np.uint8)
FRAMES, MASKS = drawn(POSE, UNIT)
HEAD, TRUNK, ARM = (PARTS.index(part) for part in ("head", "trunk", "left_arm"))
UNKNOWN = np.zeros((3, len(PARTS), TINTS**3), np.float32)
SLEEVES = np.full(len(sleeves.ALONG), sleeves.UNKNOWN_WIDTH)
WINDOW = 0, 0, POSE.width, POSE.height


@pytest.fixture(scope="module")
def bank():
    return make_bank(FRAMES[:COUNT], POSE, MASKS[:COUNT], BACKGROUND, COUNT)


@pytest.mark.parametrize("found", [True, False])
def test_an_arm_shows_no_hand_of_its_own_unless_no_hand_is_found(found):
    """A blurred hand, which the estimator believes to be elsewhere, would be shown beside the right one."""
    keypoints = POSE.keypoints[:COUNT].copy()
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])
    elbow, wrist = (INDEX[f"left_{joint}"] for joint in ("elbow", "wrist"))
    keypoints[:, wrist, :2] = keypoints[:, elbow, :2] + [0.15 * UNIT, 0]  # beside the body
    fingers = 0.01 * UNIT * np.arange(1, LEFT_HAND.stop - LEFT_HAND.start + 1) / 4
    keypoints[:, LEFT_HAND, :2] = keypoints[:, [wrist], :2] + np.stack([fingers, 0 * fingers], axis=1)
    frames, masks = drawn(pose, UNIT)
    given = keypoints.copy()
    if found:  # upwards instead
        given[:, LEFT_HAND, :2] = keypoints[:, [wrist], :2] - np.stack([0 * fingers, 4 * fingers], axis=1)
    else:
        given[:, LEFT_HAND] = 0
    bank = make_bank(frames, pose.replace(keypoints=given), masks, BACKGROUND, COUNT)
    chosen = np.full(len(PARTS), -1)
    chosen[ARM] = 0
    picture = bank.picture(given[0], chosen, WINDOW).astype(int)
    hand = (picture[..., 3] > 100) & (np.abs(picture[..., :3] - COLOURS["left_hand"]).max(axis=-1) < 30)
    assert hand.sum() < 8 if found else hand.sum() > 15


def test_a_moved_part_fades_out_as_its_share_does(bank):
    """Cut off at the last place of the grid, its share would add up with its neighbour's to a bright line."""
    wanted, step = bank.reference(TRUNK, 0)[1], bank.step
    everywhere = np.ones((-(-POSE.height // step), -(-POSE.width // step)), np.float32)
    (rows, columns), whole = bank.move(TRUNK, 0, wanted, everywhere, WINDOW)
    full = np.zeros((POSE.height, POSE.width, 4), np.float32)
    full[rows, columns] = whole
    middle = wanted.outline().mean(axis=0).astype(int) // step
    share = np.zeros_like(everywhere)
    share[middle[1] - 4 : middle[1] + 1, middle[0] - 2 : middle[0] + 3] = 1
    (rows, columns), moved = bank.move(TRUNK, 0, wanted, share, WINDOW)
    shown = np.zeros_like(full)
    shown[rows, columns] = moved
    np.testing.assert_allclose(
        shown, full * enlarged(share, step, POSE.width, POSE.height)[..., None], atol=1
    )


def test_the_distance_from_a_trunk_that_leans_has_no_steps():
    points = POSE.keypoints[0].copy()
    points[:, :2] = points[:, :2] @ [[0.9, 0.3], [-0.3, 0.9]]
    figure, window = Figure(points, UNIT), (-100, -50, 300, 300)
    away = distances(figure, window, 4)[TRUNK] - TRUNK_DEPTH
    hull = cv2.convexHull(figure.outline().astype(np.float32))
    for x, y, own in zip(*(each.ravel().tolist() for each in grid(window, 4)), away.ravel(), strict=True):
        true = max(0, -cv2.pointPolygonTest(hull, (x, y), True))
        assert abs(own * BONE_RADIUS["trunk"] * UNIT - true) < 0.05


def cut_pieces(frame, mask, numbers, hanging=None):
    """{number: (piece, hole)} of one of the dancer's frames."""
    crop = crop_around(frame, mask, Figure(POSE.keypoints[0], UNIT))
    hanging = np.zeros(crop.alpha.shape, bool) if hanging is None else hanging(crop)
    return {
        number: (piece, hole)
        for number, piece, hole in cut(
            crop, persons_own(crop, BACKGROUND), numbers, UNKNOWN, hanging, 0, SLEEVES
        )
    }


def test_a_cut_is_not_hard():
    """Cubic interpolation would make a bright line of it."""
    for (x, y, piece), _ in cut_pieces(FRAMES[0], MASKS[0], [HEAD, TRUNK, ARM]).values():
        height, width = piece.shape[:2]
        inside = MASKS[0][y : y + height, x : x + width] == 255
        for shown, own in ((piece[..., 3], inside), (piece[..., 3].T, inside.T)):
            steps = np.abs(np.diff(shown.astype(int)))[own[:, 1:] & own[:, :-1]]
            assert 100 < steps.max() < 230


def test_a_crowd_that_a_mask_shows_faintly_beside_a_head_is_no_part_of_it():
    mask = MASKS[0].copy()
    column, line = np.rint(POSE.keypoints[0, INDEX["left_ear"], :2]).astype(int).tolist()
    side = slice(line - 4, line + 5), slice(column, column + round(0.15 * UNIT))
    mask[side] = np.maximum(mask[side], 80)
    ((x, y, piece), _) = cut_pieces(FRAMES[0], mask, [HEAD])[HEAD]
    far = column + round(0.1 * UNIT) - x
    assert piece[..., 3].max() == 255 and not piece[:, far:, 3].any()


@pytest.mark.parametrize("clear", [True, False])
def test_a_shadow_that_hangs_on_a_foot_by_a_haze_is_no_part_of_it_and_a_faint_sole_is(clear):
    frame, mask = FRAMES[0].copy(), MASKS[0].copy()
    points, foot = POSE.keypoints[0, :, :2], PARTS.index("left_foot")
    column, line = np.rint(points[INDEX["left_big_toe"]]).astype(int).tolist()
    beside = slice(line - 2, line + 3), slice(column, column + round(0.09 * UNIT))
    blob = slice(line - 4, line + 5), slice(column + round(0.06 * UNIT), column + round(0.09 * UNIT))
    mask[beside] = np.maximum(mask[beside], 60)
    if clear:
        mask[blob] = 255
    frame[blob] = frame[beside] = 20
    ((x, y, piece), _) = cut_pieces(frame, mask, [foot])[foot]
    assert piece[line - y, column - x, 3] > 200
    shown = piece[blob[0].start - y : blob[0].stop - y, blob[1].start - x : blob[1].stop - x, 3]
    assert not shown.any() if clear else shown.any()


@pytest.mark.parametrize("number, inwards, upwards", [(TRUNK, 0.5, 0.015), (ARM, 0, 0)])
def test_hair_before_a_shoulder_is_a_hole_that_other_frames_fill(number, inwards, upwards):
    left, right = (POSE.keypoints[0, INDEX[f"{side}_shoulder"], :2] for side in ("left", "right"))
    place = left + inwards * (right - left) / 2 - [0, upwards * UNIT]

    def hanging(crop):
        rows, columns = np.mgrid[: crop.window[3], : crop.window[2]]
        return np.hypot(columns + crop.window[0] - place[0], rows + crop.window[1] - place[1]) < 0.03 * UNIT

    (x, y, piece), hole = cut_pieces(FRAMES[0], MASKS[0], [number], hanging)[number]
    column, line = np.rint(place).astype(int) - (x, y)
    assert hole[line, column] > 100 and piece[line, column, 3] < 100


def test_the_share_that_a_piece_does_not_show_counts_where_it_lies(bank):
    figure, (x, y, piece) = bank.figures[bank.rows[HEAD][0]], bank.pieces[HEAD][0]
    assert unseen(figure, "head", (x, y, piece)) < 0.05
    assert unseen(figure, "head", (x + 200, y, piece)) == 1


@pytest.mark.parametrize("part", ["head", "left_leg", "right_arm"])
def test_a_piece_that_does_not_show_the_middle_of_its_part_is_a_bad_one(bank, part):
    """As a head before which a sleeve was cut away, or a blurred limb of which the mask shows little."""
    masks, number = MASKS[:COUNT].copy(), PARTS.index(part)
    covered = int(bank.frames[bank.rows[number]][1])
    rows, columns = np.nonzero((FRAMES[covered] == COLOURS[part]).all(axis=-1))
    faint = rows > np.quantile(rows, 0.25)
    masks[covered][rows[faint], columns[faint]] = 100
    background = np.full_like(BACKGROUND, COLOURS[part])  # nothing tells that the mask is wrong
    pose = POSE.part(slice(COUNT))
    other = make_bank(FRAMES[:COUNT], pose, masks, background, COUNT)
    row = other.frames[other.rows[number]].tolist().index(covered)
    assert other.flaws[number][row] > np.delete(other.flaws[number], row).max() + 0.1


def test_a_piece_ends_where_every_pixel_on_its_own_would_put_it():
    """Shares are worked out at places some px apart and fall steeply: pieces of hands ended in squares."""
    pose = dancer(count=1, tall=900.0, width=1024, height=1024)
    unit = standing_height(pose.keypoints)
    figure = Figure(pose.keypoints[0], unit)
    frame = np.full((1024, 1024, 3), 128, np.uint8)
    crop = crop_around(frame, np.full(frame.shape[:2], 255, np.uint8), figure)
    height, width = crop.alpha.shape
    rgba, nothing = np.full((height, width, 4), 255, np.float32), np.zeros((height, width), bool)
    hand = PARTS.index("left_hand")
    ((_, (x, y, piece), _),) = cut(crop, rgba, [hand], UNKNOWN, nothing, 0, SLEEVES)
    rows, columns = piece.shape[:2]
    exact = np.minimum(1, REACHES * shares(distances(figure, (x, y, columns, rows), 1))[hand])
    assert crop.step > 8 and (exact > 0.5).sum() > 40 * crop.step
    wrong = (exact > 0.5) != (piece[..., 3] > 127)
    assert wrong.sum() < 0.1 * (exact > 0.5).sum()
