"""What a trunk shows at its sides, and under the head."""

import numpy as np
import pytest

from dancenow.keypoints import FACE, HEAD, INDEX, LEFT_HAND, RIGHT_HAND, standing_height
from dancenow.references.body_parts import BONE_RADIUS, PARTS, TRUNK_DEPTH
from dancenow.references.flanks import HEIGHTS, flank_widths
from dancenow.references.making import make_bank
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
COUNT = 20
TRUNK = PARTS.index("trunk")
SHOWN = 1.5  # radii from a trunk up to which it is drawn
RADIUS = BONE_RADIUS["trunk"] * UNIT


def with_arms(hanging):
    """The dancer, whose arms hang beside the trunk in these frames and are stretched out in the others."""
    keypoints = POSE.keypoints[:COUNT].copy()
    for side, hand, outwards in (("left", LEFT_HAND, 1), ("right", RIGHT_HAND, -1)):
        shoulder, elbow, wrist = (INDEX[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        for frame in range(COUNT):
            along = np.array([0.03 * outwards, 0.15] if frame in hanging else [0.15 * outwards, -0.03]) * UNIT
            points = keypoints[frame, :, :2]
            points[elbow], points[wrist] = points[shoulder] + along, points[shoulder] + 2 * along
            points[hand] = points[wrist] + along * np.linspace(0, 0.3, 21)[:, None]
    return POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])


@pytest.mark.parametrize("hanging, width", [([], SHOWN - TRUNK_DEPTH), (range(COUNT), 0)])
def test_how_wide_a_trunk_is_is_learnt_where_no_arm_hangs_beside_it(hanging, width):
    pose = with_arms(hanging)
    _, masks = drawn(pose, UNIT)
    widths = flank_widths(masks, pose.keypoints, np.ones(COUNT, bool), UNIT)
    np.testing.assert_allclose(widths, width, atol=0.15)
    assert len(widths) == len(HEIGHTS)


def without_wrists(pose):
    """The same pose, where wrists and hands are out of sight."""
    keypoints = pose.keypoints.copy()
    for side, hand in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        keypoints[:, [INDEX[f"{side}_wrist"], *range(len(keypoints[0]))[hand]]] = 0
    return pose.replace(keypoints=keypoints, origin=(keypoints[..., 2] > 0).astype(np.uint8))


def test_an_arm_without_a_wrist_is_neither_side_nor_part_of_a_trunk():
    """Beside an arm of the dance, the hanging one would be a third."""
    pose = with_arms(range(COUNT))
    frames, masks = drawn(pose, UNIT)
    given = without_wrists(pose)
    assert not flank_widths(masks, given.keypoints, np.ones(COUNT, bool), UNIT).any()
    bank = make_bank(frames, given, masks, np.full(frames.shape[1:], WALL, np.uint8), COUNT)
    assert not len(bank.rows[PARTS.index("left_arm")]) and len(bank.rows[TRUNK])
    for row, (x, y, piece) in zip(bank.rows[TRUNK].tolist(), bank.pieces[TRUNK], strict=True):
        elbow, wrist = (pose.keypoints[bank.frames[row], INDEX[f"left_{j}"], :2] for j in ("elbow", "wrist"))
        for along in (-0.3, 0, 0.2):
            column, line = np.rint(elbow + along * (wrist - elbow) - (x, y)).astype(int)
            beyond = not (0 <= line < piece.shape[0] and 0 <= column < piece.shape[1])
            assert beyond or piece[line, column, 3] < 60


def test_a_trunk_has_its_sides_though_an_arm_hangs_beside_it():
    """Where the arm is raised, a slit would show beside the trunk."""
    hanging = range(0, COUNT, 2)
    pose = with_arms(hanging)
    frames, masks = drawn(pose, UNIT)
    bank = make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), COUNT)
    looked = 0
    for row, (x, y, piece) in zip(bank.rows[TRUNK].tolist(), bank.pieces[TRUNK], strict=True):
        if bank.frames[row] not in hanging:
            continue
        points = bank.keypoints[row, :, :2]
        shoulder, hip = (points[INDEX[f"left_{joint}"]] for joint in ("shoulder", "hip"))
        place = shoulder + 0.3 * (hip - shoulder) + [0.5 * RADIUS, 0]
        column, line = np.rint(place - (x, y)).astype(int).tolist()
        assert piece[line, column, 3] > 240
        np.testing.assert_allclose(piece[line, column, :3], COLOURS["trunk"], atol=25)  # a little of the arm
        looked += 1
    assert looked


def test_under_a_head_that_is_raised_lies_the_collar():
    frames, masks = drawn(POSE, UNIT)
    bank = make_bank(frames, POSE, masks, np.full(frames.shape[1:], WALL, np.uint8), COUNT)
    points = POSE.keypoints[0].copy()
    points[HEAD, 1] -= 0.035 * UNIT
    points[FACE, 1] -= 0.035 * UNIT
    chosen = np.full(len(PARTS), -1)
    chosen[[TRUNK, PARTS.index("head")]] = 0
    picture = bank.picture(points, chosen, (0, 0, POSE.width, POSE.height))
    neck = points[[INDEX["left_shoulder"], INDEX["right_shoulder"]], :2].mean(axis=0)
    nose = points[INDEX["nose"], 1]
    assert picture[int(nose) : int(neck[1]), round(neck[0]), 3].min() > 230
