"""The pieces of arms and legs: bent joints, the other leg beside a leg, and what spans both."""

import cv2
import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, RIGHT_HAND, standing_height
from dancenow.references.bank import parted, upper_share
from dancenow.references.body_parts import PARTS, SIDES, Figure
from dancenow.references.cutting import crop_around, cut
from dancenow.references.garment import along_leg, reach_between_legs
from dancenow.references.likeness import likeness_features
from dancenow.references.making import make_bank
from dancenow.references.sleeves import ALONG, UNKNOWN_WIDTH
from dancenow.references.trimming import bins, strange
from dancenow.references.warps import bent, bone_map
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
COUNT = 24
SKIRT = 20, 160, 60
HANDS = list(range(LEFT_HAND.start, RIGHT_HAND.stop))
BRACELET = 250, 20, 250
SLEEVES = np.full(len(ALONG), UNKNOWN_WIDTH)


def in_degrees(*angles, length=40.0):
    """Start, joint and end of two bones of these directions."""
    ends = [length * np.array([np.cos(a), np.sin(a)]) for a in np.radians(angles)]
    return np.cumsum([[100.0, 100], *ends], axis=0)


@pytest.mark.parametrize(
    "wanted, given", [((90, 30), (90, -110)), ((90, 180), (0, 10)), ((45, 60), (45, 225))]
)
def test_an_elbow_that_is_opened_or_closed_by_much_is_not_swollen(wanted, given):
    wanted, given = in_degrees(*wanted), in_degrees(*given)
    maps = [bone_map(wanted[bone : bone + 2], given[bone : bone + 2]) for bone in (0, 1)]
    ys, xs = np.mgrid[60:200, 40:180].astype(np.float32)
    for share in (0.0, 0.3, 0.5, 1.0):
        there = bent(maps, wanted[1], np.full(xs.shape, share, np.float32), xs, ys)
        across, down = np.diff(there, axis=1)[:-1], np.diff(there, axis=0)[:, :-1]
        area = np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0])
        np.testing.assert_allclose(area, 1, atol=0.01)  # a mean of both maps takes all of it from one point
    for share, bone in ((1.0, 0), (0.0, 1)):
        there = bent(
            maps, wanted[1], np.float32([[share]]), *np.float32(wanted[bone + bone]).reshape(2, 1, 1)
        )
        np.testing.assert_allclose(there[0, 0], given[bone + bone], atol=1e-3)


ALIKE = [np.eye(2, 3)] * 2  # maps of a reference whose joint bends as the wanted one


@pytest.mark.parametrize("wanted", [(225, 60), (60, 225), (90, -80)])
def test_beside_a_folded_joint_nothing_moves_with_both_bones(wanted):
    """Turned by half of the way, what lies there would show the arm once more, across the elbow."""
    start, joint, end = in_degrees(*wanted, length=60.0)
    bones, radius = [(start, joint, 10.0), (joint, end, 10.0)], 10.0
    bisector = (start - joint) / 60 + (end - joint) / 60
    bisector /= np.hypot(*bisector)
    aside = np.array([-bisector[1], bisector[0]])
    aside *= np.sign(aside @ (start - joint))
    inside = np.array([3 * aside, -3 * aside]) + 0.5 * bisector
    beyond = np.array([3 * aside - bisector, -3 * aside - bisector, -3 * bisector])
    for places, parting in ((inside, False), (beyond, True), (np.zeros((1, 2)), False)):
        where = np.float32((joint + radius * places).T)
        share, outside = parted(bones, ALIKE, upper_share(bones, *where), *where)
        assert (outside == parting).all()
        if places is inside:
            assert share.tolist() == [1, 0]
    assert share == pytest.approx(0.5)  # at the joint itself


def test_a_straight_limb_blends_across_its_whole_width():
    start, joint, end = in_degrees(90, 90, length=60.0)
    across = np.float32((joint + np.array([[-20.0, 0], [0, 0], [20, 0]])).T)
    bones = [(start, joint, 10.0), (joint, end, 10.0)]
    share, outside = parted(bones, ALIKE, upper_share(bones, *across), *across)
    np.testing.assert_allclose(share, 0.5, atol=1e-3)
    assert not outside.any()


def test_a_joint_that_bends_unlike_the_references_is_divided_there():
    """Turned by half from a folded arm to a straight one, the sleeve would stand out beyond the elbow."""
    start, joint, end = in_degrees(90, 90, length=60.0)
    beside = np.float32((joint + np.array([[20.0, -2], [20, 2]])).T)
    bones = [(start, joint, 10.0), (joint, end, 10.0)]
    upper = upper_share(bones, *beside)
    assert 0.5 < max(upper) < 0.7
    back = np.array([[-1.0, 0, 0], [0, -1, 0]])
    share, _ = parted(bones, [ALIKE[0], back], upper, *beside)
    assert sorted(share.tolist()) == [0, 1]
    np.testing.assert_allclose(parted(bones, [back, back], upper, *beside)[0], upper)


def with_legs(apart, count=COUNT):
    """(count, 133, 3): the dancer's poses with straight legs, (count,) heights between their ankles."""
    keypoints = POSE.keypoints[:count].copy()
    for side, sign in zip(SIDES, (1, -1), strict=True):
        hip, knee, ankle, heel, toe = (
            INDEX[f"{side}_{joint}"] for joint in ("hip", "knee", "ankle", "heel", "big_toe")
        )
        middle = (keypoints[:, INDEX["left_hip"], 0] + keypoints[:, INDEX["right_hip"], 0]) / 2
        foot = [keypoints[:, point, :2] - keypoints[:, ankle, :2] for point in (heel, toe)]
        keypoints[:, ankle, 0] = middle + sign * np.asarray(apart) * UNIT / 2
        keypoints[:, knee, :2] = (keypoints[:, hip, :2] + keypoints[:, ankle, :2]) / 2
        for point, from_ankle in zip((heel, toe), foot, strict=True):
            keypoints[:, point, :2] = keypoints[:, ankle, :2] + from_ankle
    return keypoints


def test_a_leg_beside_the_other_is_unlike_one_that_is_free():
    points = with_legs(np.full(COUNT, 0.3))
    crossed = points.copy()
    for joint in ("knee", "ankle", "heel", "big_toe"):
        crossed[:, INDEX[f"right_{joint}"], :2] = points[:, INDEX[f"left_{joint}"], :2] - [0.02 * UNIT, 0]
    free, hidden = (likeness_features(each, UNIT) for each in (points, crossed))
    for part, least in (("left_leg", 0.2), ("left_foot", 0.05)):
        assert np.linalg.norm(free[part] - hidden[part], axis=1).min() > least
    assert not np.abs(free["left_hand"] - hidden["left_hand"]).any()


def skirted(keypoints, share=0.8):
    """Frames and masks of the drawn dancer in a skirt that ends at a share of the thighs."""
    frames, masks = drawn(POSE.replace(keypoints=keypoints, origin=POSE.origin[: len(keypoints)]), UNIT)
    for frame, mask, points in zip(frames, masks, keypoints, strict=True):
        corners = []
        for side, sign in zip(SIDES, (1, -1), strict=True):
            hip, knee = (points[INDEX[f"{side}_{joint}"], :2] for joint in ("hip", "knee"))
            aside = [sign * 0.05 * UNIT, 0]
            corners.append([hip + aside, hip + share * (knee - hip) + aside])
        outline = np.rint([*corners[0], *corners[1][::-1]]).astype(np.int32)
        cv2.fillConvexPoly(frame, outline, SKIRT)
        cv2.fillConvexPoly(mask, outline, 255)
    return frames, masks


def test_a_skirt_reaches_as_far_as_no_gap_shows():
    keypoints, usable = with_legs(np.linspace(0.1, 0.6, COUNT)), np.ones(COUNT, bool)
    _, masks = skirted(keypoints)
    assert 0.7 <= reach_between_legs(masks, keypoints, usable, UNIT) <= 0.9
    _, masks = drawn(POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT]), UNIT)
    assert reach_between_legs(masks, keypoints, usable, UNIT) < 0.5  # trousers
    assert reach_between_legs(masks, keypoints, ~usable, UNIT) == 0
    _, masks = skirted(keypoints[:4])
    assert reach_between_legs(masks, keypoints[:4], usable[:4], UNIT) == 0  # too few frames to know


@pytest.mark.parametrize("flare, least, most", [(0.1, 0.6, 0.9), (0.03, 0.0, 0.3)])
def test_of_legs_that_are_never_apart_only_what_is_wider_tells_a_skirt(flare, least, most):
    keypoints, usable = with_legs(np.full(COUNT, 0.04)), np.ones(COUNT, bool)
    keypoints[:, [INDEX["left_wrist"], INDEX["right_wrist"], *HANDS], 2] = 0
    masks = np.zeros((COUNT, POSE.height, POSE.width), np.uint8)
    for mask, points in zip(masks, keypoints, strict=True):
        legs = [[points[INDEX[f"{side}_{joint}"], :2] for joint in ("hip", "ankle")] for side in SIDES]
        for hip, ankle in np.rint(legs).astype(int):
            cv2.line(mask, hip, ankle, 255, round(0.05 * UNIT))
        aside = np.array([[flare * UNIT, 0], [-flare * UNIT, 0]])
        hem = [hip + 0.4 * (ankle - hip) for hip, ankle in legs]
        outline = [legs[0][0] + aside[0], hem[0] + aside[0], hem[1] + aside[1], legs[1][0] + aside[1]]
        cv2.fillConvexPoly(mask, np.rint(outline).astype(np.int32), 255)
    assert least <= reach_between_legs(masks, keypoints, usable, UNIT) <= most
    thighs = [INDEX[f"{side}_{joint}"] for side in SIDES for joint in ("hip", "knee")]
    keypoints[:, HANDS] = keypoints[:, thighs].mean(axis=1)[:, None]
    keypoints[:, HANDS, 1] += np.linspace(-0.3, 0.3, len(HANDS)) * UNIT
    assert reach_between_legs(masks, keypoints, usable, UNIT) < 0.4  # hands, not a skirt


def test_a_skirt_does_not_split_between_legs_that_are_wider_apart():
    keypoints = with_legs(np.linspace(0.1, 0.25, COUNT))
    frames, masks = skirted(keypoints)
    background = np.full(frames.shape[1:], WALL, np.uint8)
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])
    bank = make_bank(frames, pose, masks, background, COUNT)
    wide = with_legs([0.45], 1)[0]
    picture = bank.picture(wide, bank.paths(wide[None])[0], (0, 0, POSE.width, POSE.height))
    hips, knees = (
        (wide[INDEX[f"left_{joint}"], :2] + wide[INDEX[f"right_{joint}"], :2]) / 2
        for joint in ("hip", "knee")
    )
    for share in (0.3, 0.5, 0.7):
        column, row = np.rint(hips + share * (knees - hips)).astype(int)
        between = picture[row, column - 12 : column + 13].astype(int)
        assert between[:, 3].min() > 150
        assert np.abs(between[:, :3] - SKIRT).max(axis=1).mean() < 30
    # and no web below its hem
    column, row = np.rint(hips + 1.2 * (knees - hips)).astype(int)
    assert picture[row, column - 5 : column + 6, 3].max() < 30


@pytest.mark.parametrize("turn", [60, 100])
def test_nothing_of_a_straight_leg_reaches_beyond_its_knee_when_it_bends(turn):
    keypoints = with_legs(np.full(COUNT, 0.25))
    frames, masks = drawn(POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT]), UNIT)
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])
    bank = make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), COUNT)
    points = keypoints[0].copy()
    knee, ankle = (INDEX[f"left_{joint}"] for joint in ("knee", "ankle"))
    thigh = points[knee, :2] - points[INDEX["left_hip"], :2]
    along = thigh / np.hypot(*thigh)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    points[ankle, :2] = points[knee, :2] + np.array([[cos, sin], [-sin, cos]]) @ thigh
    points[[INDEX["left_heel"], INDEX["left_big_toe"]], 2] = 0
    chosen = np.full(len(PARTS), -1)
    chosen[PARTS.index("left_leg")] = 0
    picture = bank.picture(points, chosen, (0, 0, POSE.width, POSE.height))
    width = 0.06 * UNIT
    for beyond in (1.5, 2, 2.5):
        column, row = np.rint(points[knee, :2] + beyond * width * along).astype(int)
        assert picture[row, column, 3] < 30, beyond
    for bone in (INDEX["left_hip"], ankle):
        column, row = np.rint((points[knee, :2] + points[bone, :2]) / 2).astype(int)
        assert picture[row, column, 3] > 200


@pytest.mark.parametrize("reach, kept", [(0.2, False), (0.7, True)])
def test_a_leg_leaves_what_lies_on_the_other_one_unless_it_is_a_skirt(reach, kept):
    points = with_legs([0.12], 1)[0]
    frames, masks = drawn(POSE.replace(keypoints=points[None], origin=POSE.origin[:1]), UNIT)
    crop = crop_around(frames[0], masks[0], Figure(points, UNIT))
    left, right = PARTS.index("left_leg"), PARTS.index("right_leg")
    whole = slice(0, crop.alpha.shape[0]), slice(0, crop.alpha.shape[1])
    unknown = np.zeros((3, len(PARTS), 4096), np.float32)
    foreign, _ = strange(crop, left, whole, unknown, reach, SLEEVES)
    on_the_other = (crop.away_enlarged(right) < 0.7) & (crop.away_enlarged(left) > 1.4) & (crop.alpha > 0)
    assert on_the_other.sum() > 50
    assert (~foreign[on_the_other]).any() == kept
    below_hem = crop.enlarged(along_leg(crop.figure, "left_leg", crop.window)) > 1
    assert (on_the_other & below_hem).sum() > 20 and foreign[on_the_other & below_hem].all()
    own = (crop.away_enlarged(left) < 0.7) & (crop.away_enlarged(right) > 1.4)
    assert not foreign[own].any()


def test_a_leg_ends_at_a_narrow_gap_in_which_the_mask_still_shows_half_a_person():
    """Beyond it lies the edge of the other leg: a strip that would hang beside this one."""
    points = with_legs([0.03], 1)[0]
    frames, masks = drawn(POSE.replace(keypoints=points[None], origin=POSE.origin[:1]), UNIT)
    crop = crop_around(frames[0], np.full_like(masks[0], 255), Figure(points, UNIT))
    from_left, from_right = (crop.away_enlarged(PARTS.index(f"{side}_leg")) for side in SIDES)
    crop.alpha[np.abs(from_left - from_right) < 0.12] = 0.5
    whole = slice(0, crop.alpha.shape[0]), slice(0, crop.alpha.shape[1])
    unknown = np.zeros((3, len(PARTS), 4096), np.float32)
    foreign, _ = strange(crop, PARTS.index("left_leg"), whole, unknown, 0, SLEEVES)
    beyond = (from_left > from_right + 0.25) & (from_right > 0.4) & (from_left < 1.2)
    assert beyond.sum() > 10 and foreign[beyond].mean() > 0.9
    assert not foreign[(from_left < from_right - 0.3) & (from_left < 1.5)].any()


def test_what_lies_beyond_such_a_gap_is_the_other_leg_though_bones_lie_beside_the_middle():
    points = with_legs([0.03], 1)[0]
    frames, masks = drawn(POSE.replace(keypoints=points[None], origin=POSE.origin[:1]), UNIT)
    crop = crop_around(frames[0], np.full_like(masks[0], 255), Figure(points, UNIT))
    from_left, from_right = (crop.away_enlarged(PARTS.index(f"{side}_leg")) for side in SIDES)
    inwards = from_right < from_left + 1.2  # the half of the left leg that lies towards the right one
    crop.alpha[inwards & (np.abs(from_left - 0.45) < 0.1)] = 0.5
    whole = slice(0, crop.alpha.shape[0]), slice(0, crop.alpha.shape[1])
    unknown = np.zeros((3, len(PARTS), 4096), np.float32)
    foreign, _ = strange(crop, PARTS.index("left_leg"), whole, unknown, 0, SLEEVES)
    beyond = inwards & (from_left > 0.6) & (from_left < 0.78) & (from_right < 0.95)
    assert beyond.sum() > 5 and foreign[beyond].mean() > 0.9
    assert not foreign[~inwards & (from_left < 1)].any()


@pytest.mark.parametrize("shown", [0, 1])
def test_beside_a_leg_nothing_is_missing_where_the_picture_shows_nobody(shown):
    """Floor in the colour of a shoe is no shoe before the leg: the hole would be filled, as a dark fleck."""
    points = with_legs([0.12], 1)[0]
    frames, masks = drawn(POSE.replace(keypoints=points[None], origin=POSE.origin[:1]), UNIT)
    crop = crop_around(frames[0], np.full_like(masks[0], 255), Figure(points, UNIT))
    left, right = (PARTS.index(f"{side}_leg") for side in SIDES)
    beside = (crop.away_enlarged(left) > 0.7) & (crop.away_enlarged(left) < 1.3)
    beside &= crop.away_enlarged(right) < 2.5
    crop.picture[beside] = SKIRT
    likely = np.zeros((3, len(PARTS), 4096), np.float32)
    for number, colour in ((left, COLOURS["left_leg"]), (right, SKIRT)):
        likely[:, number, bins(np.array([[colour]]))[0, 0]] = 0.5
    rgba = np.full((*crop.alpha.shape, 4), 255, np.float32)
    rgba[beside] *= shown
    hanging = np.zeros(crop.alpha.shape, bool)
    ((_, (x, y, piece), hole),) = cut(crop, rgba, [left], likely, hanging, 0, SLEEVES)
    at = beside[y - crop.window[1] :, x - crop.window[0] :][: piece.shape[0], : piece.shape[1]]
    missing = np.zeros(at.shape) if hole is None else hole
    assert at.sum() > 50 and np.median(missing[at]) == 255 * shown


def test_a_folded_arm_that_opens_shows_its_upper_half_once():
    """Near the elbow, what belongs to the upper arm lies beside the forearm in the reference."""
    keypoints = POSE.keypoints[:COUNT].copy()
    shoulder, elbow, wrist = (INDEX[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    length = 0.16 * UNIT
    keypoints[:, elbow, :2] = keypoints[:, shoulder, :2] + [length, 0]

    def forearm(degrees):
        return length * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])

    keypoints[:, wrist, :2] = keypoints[:, elbow, :2] + forearm(215)
    keypoints[:, LEFT_HAND, :2] = keypoints[:, [wrist], :2]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:COUNT])
    frames, masks = drawn(pose, UNIT)
    for frame, points in zip(frames, keypoints, strict=True):  # a bracelet above the elbow
        place = points[elbow, :2] - [0.6 * length, 0]
        cv2.circle(frame, np.rint(place).astype(int).tolist(), 3, BRACELET, -1)
    bank = make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), COUNT)
    arm = PARTS.index("left_arm")
    points = keypoints[0].copy()
    points[wrist, :2] = points[elbow, :2] + forearm(20)
    points[LEFT_HAND, :2] = points[wrist, :2]
    chosen = np.full(len(PARTS), -1)
    chosen[arm] = 0
    picture = bank.picture(points, chosen, (0, 0, POSE.width, POSE.height)).astype(int)
    bracelet = (picture[..., 3] > 100) & (np.abs(picture[..., :3] - BRACELET).max(axis=-1) < 60)
    assert bracelet.any()
    assert not bracelet[:, round(points[elbow, 0] + 0.1 * length) :].any()
