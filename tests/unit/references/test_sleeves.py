"""How wide an arm is, and the cloth of a trunk beside it."""

import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, RIGHT_HAND, standing_height
from dancenow.references.body_parts import BONE_RADIUS, PARTS, Figure
from dancenow.references.cutting import crop_around, cut
from dancenow.references.sleeves import ALONG, UNKNOWN_WIDTH, arm_widths
from dancenow.references.trimming import PartColours, bins
from drawn_people import COLOURS, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
COUNT = 20
RADIUS = BONE_RADIUS["arm"] * UNIT
CLOTH, SKIN = (20, 90, 200), (200, 150, 120)


def with_arms(outwards, down):
    """The dancer with straight arms; how far each half reaches, in standing heights."""
    keypoints = POSE.keypoints[:COUNT].copy()
    for side, hand, sign in (("left", LEFT_HAND, 1), ("right", RIGHT_HAND, -1)):
        shoulder, elbow, wrist = (INDEX[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        along = np.array([sign * outwards, down]) * UNIT
        for points in keypoints[..., :2]:
            points[elbow], points[wrist] = points[shoulder] + along, points[shoulder] + 2 * along
            points[hand] = points[wrist] + along * np.linspace(0, 0.3, 21)[:, None]
    return POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])


def test_how_wide_an_arm_is_is_learnt_where_it_is_stretched_out():
    pose = with_arms(0.15, -0.03)
    widths = arm_widths(drawn(pose, UNIT)[1], pose.keypoints, np.ones(COUNT, bool), UNIT)
    assert len(widths) == len(ALONG)
    np.testing.assert_allclose(widths, 1.5, atol=0.35)  # an upper arm is drawn a tenth wider


@pytest.mark.parametrize("usable", [True, False])
def test_of_an_arm_that_always_lies_before_the_trunk_no_width_is_known(usable):
    pose = with_arms(-0.04, 0.08)
    widths = arm_widths(drawn(pose, UNIT)[1], pose.keypoints, np.full(COUNT, usable), UNIT)
    assert (widths == UNKNOWN_WIDTH).all()


@pytest.mark.parametrize(
    "width, colour, kept",
    [(0.6, CLOTH, False), (UNKNOWN_WIDTH, CLOTH, True), (2.0, CLOTH, True), (0.6, SKIN, True)],
)
def test_cloth_of_the_trunk_beside_an_arm_is_none_of_it(width, colour, kept):
    """The arm where it is believed to be may lie beside the true one: skin stays."""
    points, arm, trunk = with_arms(0.01, 0.15).keypoints[0], PARTS.index("left_arm"), PARTS.index("trunk")
    picture = np.full((POSE.height, POSE.width, 3), colour, np.uint8)
    crop = crop_around(picture, np.full(picture.shape[:2], 255, np.uint8), Figure(points, UNIT))
    likely = np.zeros((3, len(PARTS), 4096), np.float32)
    likely[0, trunk, bins(np.array([[CLOTH]]))[0, 0]] = 0.5
    rgba = np.full((*crop.alpha.shape, 4), 255, np.float32)
    hanging = np.zeros(crop.alpha.shape, bool)
    ((_, (x, y, piece), _),) = cut(crop, rgba, [arm], likely, hanging, 0.0, np.full(len(ALONG), width))
    shoulder, elbow = (points[INDEX[f"left_{joint}"], :2] for joint in ("shoulder", "elbow"))
    bone = (elbow - shoulder) / np.hypot(*(elbow - shoulder))
    middle = shoulder + 0.7 * (elbow - shoulder)
    for aside, shown in ((0, True), (1.6, kept)):
        column, line = np.rint(middle + aside * RADIUS * np.array([bone[1], -bone[0]]) - (x, y)).astype(int)
        assert (piece[line, column, 3] > 200) == shown


@pytest.mark.parametrize("sleeve, kept", [(0.0, False), (0.3, True)])
def test_cloth_over_an_upper_arm_that_is_bare_is_none_of_it(sleeve, kept):
    """Of an arm behind the trunk the bones lie on cloth; near the shoulder the two meet."""
    points, arm, trunk = with_arms(0.01, 0.15).keypoints[0], PARTS.index("left_arm"), PARTS.index("trunk")
    cloth, skin = (bins(np.array([[colour]]))[0, 0] for colour in (CLOTH, SKIN))
    picture = np.full((POSE.height, POSE.width, 3), CLOTH, np.uint8)
    crop = crop_around(picture, np.full(picture.shape[:2], 255, np.uint8), Figure(points, UNIT))
    likely = np.zeros((3, len(PARTS), 4096), np.float32)
    likely[0, trunk, cloth], likely[1, arm, skin] = 1, 1
    likely[2, arm, cloth], likely[2, arm, skin] = sleeve, 1 - sleeve
    rgba = np.full((*crop.alpha.shape, 4), 255, np.float32)
    hanging = np.zeros(crop.alpha.shape, bool)
    unknown = np.full(len(ALONG), UNKNOWN_WIDTH)
    ((_, (x, y, piece), missing),) = cut(crop, rgba, [arm], likely, hanging, 0.0, unknown)
    shoulder, elbow = (points[INDEX[f"left_{joint}"], :2] for joint in ("shoulder", "elbow"))
    for along, shown in ((0.1, True), (0.6, kept)):
        column, line = np.rint(shoulder + along * (elbow - shoulder) - (x, y)).astype(int)
        assert (piece[line, column, 3] > 200) == shown
        assert (missing is not None and missing[line, column] > 200) == (not shown)


@pytest.mark.parametrize(
    "forearm, hand, kept", [(CLOTH, SKIN, True), (SKIN, SKIN, False), (CLOTH, CLOTH, False)]
)
def test_a_long_sleeve_in_the_trunks_cloth_keeps_what_is_in_its_own_shadow(forearm, hand, kept):
    """In a fold it has a colour that arms seldom show and the trunk often. Where hands have its
    colour too, it is skin."""
    points, arm, trunk = with_arms(0.01, 0.15).keypoints[0], PARTS.index("left_arm"), PARTS.index("trunk")
    fold = (10, 50, 110)
    picture = np.full((POSE.height, POSE.width, 3), fold, np.uint8)
    crop = crop_around(picture, np.full(picture.shape[:2], 255, np.uint8), Figure(points, UNIT))
    likely, places = (
        np.zeros((3, len(PARTS), 4096), np.float32),
        bins(np.array([[CLOTH, fold, forearm, hand]]))[0],
    )
    likely[0, trunk, places[:2]] = 0.6, 0.4
    likely[1, arm, places[2]] = likely[2, arm, places[2]] = likely[0, PARTS.index("left_hand"), places[3]] = 1
    rgba = np.full((*crop.alpha.shape, 4), 255, np.float32)
    hanging, unknown = np.zeros(crop.alpha.shape, bool), np.full(len(ALONG), UNKNOWN_WIDTH)
    ((_, (x, y, piece), _),) = cut(crop, rgba, [arm], likely, hanging, 0.0, unknown)
    shoulder, elbow = (points[INDEX[f"left_{joint}"], :2] for joint in ("shoulder", "elbow"))
    column, line = np.rint(shoulder + 0.6 * (elbow - shoulder) - (x, y)).astype(int)
    assert (piece[line, column, 3] > 200) == kept


def test_an_upper_arms_own_colours_are_those_of_its_outer_side():
    pose, arm, trunk = with_arms(0.01, 0.15), PARTS.index("left_arm"), PARTS.index("trunk")
    frames, masks = drawn(pose, UNIT)
    colours, cloth = PartColours(), bins(np.array([[COLOURS["trunk"]]]))[0, 0]
    for frame, mask, points in zip(frames, masks, pose.keypoints, strict=True):
        # cloth lies over the arm's inner half, up to its bones
        shoulder, elbow = (points[INDEX[f"left_{joint}"], :2] for joint in ("shoulder", "elbow"))
        lines = np.arange(int(shoulder[1]), int(elbow[1]))
        for line in lines:
            bone = shoulder[0] + (elbow - shoulder)[0] * (line - shoulder[1]) / (elbow - shoulder)[1]
            frame[line, int(bone) - 9 : int(bone)] = COLOURS["trunk"]
        colours.add(crop_around(frame, mask, Figure(points, UNIT)))
    likely = colours.likely()
    assert likely[0, arm, cloth] > 0.01 > 10 * likely[2, arm, cloth]
    assert likely[2, arm].sum() > 0.5 and not likely[2, trunk].any()
