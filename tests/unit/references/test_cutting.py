import cv2
import numpy as np
import pytest

from dancenow.keypoints import INDEX, LEFT_HAND, RIGHT_HAND, standing_height
from dancenow.references import occlusion
from dancenow.references.body_parts import PARTS, TRUNK_CORNERS, Figure
from dancenow.references.cutting import PLATE_NOISE, crop_around, cut, flaws_of, persons_own
from dancenow.references.making import make_bank
from dancenow.references.sleeves import ALONG, UNKNOWN_WIDTH
from drawn_people import COLOURS, WALL, dancer, drawn

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
FRAMES, MASKS = drawn(POSE, UNIT)
BACKGROUND = np.full(FRAMES.shape[1:], WALL, np.uint8)
HEAD = PARTS.index("head")


@pytest.fixture(scope="module")
def bank():
    return make_bank(FRAMES, POSE, MASKS, BACKGROUND, len(FRAMES))


@pytest.mark.parametrize("found", [True, False])
def test_a_hand_before_a_leg_is_cut_out_and_the_leg_taken_from_elsewhere(found):
    keypoints = POSE.keypoints[:20].copy()
    elbow, wrist, hip, knee = (INDEX[f"left_{joint}"] for joint in ("elbow", "wrist", "hip", "knee"))
    hand, covering = list(range(133))[LEFT_HAND], np.arange(0, 20, 2)
    place = (0.5 * keypoints[:, hip, :2] + 0.5 * keypoints[:, knee, :2])[covering]
    shift = place - keypoints[covering, wrist, :2]
    keypoints[np.ix_(covering, [wrist, *hand], [0, 1])] += shift[:, None]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:20])
    frames, masks = drawn(pose, UNIT)
    for frame, (column, line) in zip(covering, np.rint(place).astype(int).tolist(), strict=True):
        cv2.circle(frames[frame], (column, line), round(0.02 * UNIT), COLOURS["left_hand"], -1)
    if not found:  # a blurred hand: the picture shows it, the estimator gives its wrist alone
        keypoints[np.ix_(covering, hand, [2])] = 0
    bank = make_bank(frames, pose.replace(keypoints=keypoints), masks, BACKGROUND, 20)
    leg = PARTS.index("left_leg")
    cut_from = bank.frames[bank.rows[leg]].tolist()
    frame = next(frame for frame in covering.tolist() if frame in cut_from)
    x, y, piece = bank.pieces[leg][cut_from.index(frame)]
    column, line = np.rint(place[frame // 2]).astype(int)
    left, top = column - 2 - x, line - 2 - y
    shown = piece[top : top + 5, left : left + 5].reshape(-1, 4).mean(axis=0)
    assert shown[3] > 240
    np.testing.assert_allclose(shown[:3], COLOURS["left_leg"], atol=12)
    # nothing is laid over itself at the edge of what was cut out
    around = piece[max(0, top - 12) : top + 17, max(0, left - 12) : left + 17].astype(int)
    assert around[..., 2].max() <= max(COLOURS[part][2] for part in ("left_leg", "right_leg")) + 5


def test_hair_beside_an_arm_is_no_part_of_it():
    keypoints, raised = POSE.keypoints[:20].copy(), [3, 4]
    shoulder, elbow, wrist = (INDEX[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
    keypoints[raised, elbow, :2] = keypoints[raised, shoulder, :2] + [0.05 * UNIT, -0.08 * UNIT]
    keypoints[raised, wrist, :2] = keypoints[raised, elbow, :2] + [0, -0.16 * UNIT]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:20])
    frames, masks = drawn(pose, UNIT)
    arm = PARTS.index("left_arm")
    for frame in raised:  # a curl that touches the forearm, nearer to it than to the head's middle
        place = keypoints[frame, elbow, :2] + [-0.045 * UNIT, -0.06 * UNIT]
        column, line = np.rint(place).astype(int).tolist()
        cv2.circle(frames[frame], (column, line), 4, COLOURS["head"], -1)
        cv2.circle(masks[frame], (column, line), 4, 255, -1)
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    taken = bank.frames[bank.rows[arm]].tolist()
    for frame in set(raised) & set(taken):
        x, y, piece = bank.pieces[arm][taken.index(frame)]
        forearm = np.rint(keypoints[frame, elbow, :2] + [0, -0.06 * UNIT] - (x, y)).astype(int)
        assert piece[forearm[1], forearm[0], 3] > 200
        colours = piece[..., :3][piece[..., 3] > 200].astype(int)
        curl = np.abs(colours - COLOURS["head"]).max(axis=1) < 20
        assert curl.sum() < 30  # of 80 px: a rim of the head itself is left
    assert set(raised) & set(taken)


def test_the_shirt_behind_a_forearm_is_no_part_of_the_arm():
    keypoints, folded = POSE.keypoints[:20].copy(), [3, 4]
    shoulder, elbow, wrist, hip = (INDEX[f"left_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hip"))
    middle = keypoints[folded][:, [shoulder, hip], :2].mean(axis=1)
    keypoints[folded, elbow, :2] = middle + [0.01 * UNIT, 0]
    keypoints[folded, wrist, :2] = middle - [0.14 * UNIT, 0]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:20])
    frames, masks = drawn(pose, UNIT)
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    arm = PARTS.index("left_arm")
    taken = bank.frames[bank.rows[arm]].tolist()
    for frame in set(folded) & set(taken):
        x, y, piece = bank.pieces[arm][taken.index(frame)]
        column, line = np.rint(keypoints[frame, [elbow, wrist], :2].mean(axis=0) - (x, y)).astype(int)
        assert piece[line, column, 3] > 200
        colours = piece[..., :3][piece[..., 3] > 200].astype(int)
        shirt = np.abs(colours - COLOURS["trunk"]).max(axis=1) < 20
        assert shirt.sum() < 80  # of 150 px: beside the upper arm it stays, which meets it
    assert set(folded) & set(taken)


def test_a_reference_with_a_thing_in_the_hand_is_a_bad_one():
    pose, held = POSE.part(slice(20)), [6, 7, 8]
    frames, masks = FRAMES[:20].copy(), MASKS[:20].copy()
    for frame in held:
        place = np.rint(pose.keypoints[frame, LEFT_HAND, :2].mean(axis=0)).astype(int).tolist()
        for picture, colour in ((frames[frame], (250, 120, 20)), (masks[frame], 255)):
            cv2.circle(picture, place, round(0.06 * UNIT), colour, -1)
    hand = PARTS.index("left_hand")
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    odd = np.isin(bank.frames[bank.rows[hand]], held)
    assert odd.sum() == 3 and bank.flaws[hand][odd].min() > 0.2 > 2 * bank.flaws[hand][~odd].max()
    # nothing is odd where nothing is known of the colours
    pieces = [piece for _, _, piece in bank.pieces[hand]]
    figures, still = [bank.figures[row] for row in bank.rows[hand]], np.zeros(len(pieces))
    flaws = flaws_of("left_hand", pieces, figures, still, np.zeros((3, len(PARTS), 4096)))
    assert flaws.max() < 0.1


def test_a_reference_on_which_a_shadow_lies_is_a_bad_one():
    pose, leg = POSE.part(slice(20)), PARTS.index("left_leg")
    # the same detail everywhere, and more than a shadow's edge
    cloth = np.random.default_rng(0).integers(-15, 16, FRAMES[:20].shape)

    def bank_of(frames):
        return make_bank(np.clip(frames + cloth, 0, 255).astype(np.uint8), pose, MASKS[:20], BACKGROUND, 20)

    frames, plain = FRAMES[:20].copy(), bank_of(FRAMES[:20])
    row = plain.rows[leg][1]
    shaded, knee = frames[plain.frames[row]], round(float(plain.keypoints[row, INDEX["left_knee"], 1]))
    away = np.abs(np.arange(len(shaded)) - knee)
    shaded[:] = np.rint(shaded * (1 - 0.5 * np.clip((14 - away) / 6, 0, 1))[:, None, None])
    flaws = bank_of(frames).flaws[leg] - plain.flaws[leg]
    assert flaws[1] > 0.15 > 3 * np.abs(np.delete(flaws, 1)).max()


def test_hair_is_shown_where_it_swings_far_from_the_head():
    pose = POSE.part(slice(20))
    frames, masks = FRAMES[:20].copy(), MASKS[:20].copy()
    plaits = []
    for frame, mask, points in zip(frames, masks, pose.keypoints, strict=True):
        column, line = np.rint(points[INDEX["nose"], :2]).astype(int).tolist()
        plait = slice(line, line + 6), slice(column + 14, column + 48)
        assert (frame[plait][:, 6:] == WALL).all()
        frame[plait], mask[plait] = COLOURS["head"], 255
        plaits.append(plait)
    braided, shorn = (
        make_bank(given, pose, shown, BACKGROUND, 20) for given, shown in ((frames, masks), (FRAMES, MASKS))
    )
    rows, columns = plaits[5]
    whole = 0, 0, POSE.width, POSE.height
    chosen = braided.paths(pose.keypoints)[5]
    picture = braided.picture(pose.keypoints[5], chosen, whole)
    plait = picture[rows, columns][1:-1, 6:-3].astype(int)
    assert (plait[..., 3] > 200).mean() > 0.9
    assert np.abs(plait[..., :3] - COLOURS["head"]).mean() < 15
    # it hides nothing
    without = shorn.picture(pose.keypoints[5], shorn.paths(pose.keypoints)[5], whole)
    solid = without[..., 3] > 250
    solid[rows, columns] = False
    assert np.abs(picture[solid].astype(int) - without[solid]).mean() < 1


def test_a_soft_reference_is_passed_over():
    count, random = 12, np.random.default_rng(0)
    keypoints = np.repeat(POSE.keypoints[:1], count, axis=0)
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:count])
    frames, masks = drawn(pose, UNIT)
    texture = random.integers(-25, 26, frames.shape[1:3])[..., None] * (masks[0] > 0)[..., None]
    frames = np.clip(frames + texture, 0, 255).astype(np.uint8)
    keypoints += random.normal(0, 0.05, (count, 1, 3)) * [1, 1, 0] * (keypoints[..., 2:] > 0)
    soft = np.arange(0, count, 2)
    for frame in soft:
        frames[frame] = cv2.GaussianBlur(frames[frame], (0, 0), 2.0)
    bank = make_bank(frames, pose, masks, BACKGROUND, count)
    taken = bank.frames[bank.rows[HEAD]]
    softer = np.isin(taken, soft)
    assert softer.any() and not softer.all()
    assert bank.flaws[HEAD][softer].min() > bank.flaws[HEAD][~softer].max() + 0.05


def test_a_mask_that_no_mixture_explains_is_corrected():
    frame, mask, background = FRAMES[0].copy(), MASKS[0].copy(), np.full(FRAMES.shape[1:], 200, np.uint8)
    frame[MASKS[0] == 0] = 200
    nose = np.rint(POSE.keypoints[0, INDEX["nose"], :2]).astype(int)
    column, line = nose[0] + 20, nose[1]
    frame[line, column : column + 3] = [(20, 20, 20), (80, 80, 80), (20, 20, 20)]
    mask[line, column : column + 3] = [100, 230, 0]  # dark hair, its soft edge, and what is not the person
    crop = crop_around(frame, mask, Figure(POSE.keypoints[0], UNIT))
    own = persons_own(crop, background)[line - crop.window[1], column - crop.window[0] :][:3]
    # 20 = .1 x 200: a tenth of it is wall at most, without the noise of both
    np.testing.assert_allclose(own[0, 3], 255 * (180 - PLATE_NOISE) / 200, atol=1)
    np.testing.assert_allclose(own[1], [60, 60, 60, 230], atol=1)
    assert not own[2].any()


def test_a_lattice_that_lies_a_little_aside_is_no_hair():
    """The background is known to a pixel or so: at each bar it differs from the frame."""
    bars = BACKGROUND.copy()
    bars[:, ::8], bars[:, 1::8] = 240, 20
    mask = np.maximum(MASKS[0], 60)  # as faint as around a head that moves
    beside = MASKS[0] == 0
    frame = np.where(beside[..., None], np.roll(bars, 1, axis=1), FRAMES[0])
    crop = crop_around(frame, mask, Figure(POSE.keypoints[0], UNIT))
    left, top, width, height = crop.window
    own = persons_own(crop, bars)[beside[top : top + height, left : left + width]]
    assert own[:, 3].max() <= 60


def test_the_halo_of_a_mask_before_what_the_background_shows_is_nobody():
    """Around a part that moves a mask is unsure: elsewhere the background in it would be seen."""
    grown = cv2.dilate(MASKS[0], np.ones((9, 9), np.uint8))
    mask = np.where(MASKS[0] > 0, MASKS[0], grown // 2)
    crop = crop_around(FRAMES[0], mask, Figure(POSE.keypoints[0], UNIT))
    left, top, width, height = crop.window
    place = slice(top, top + height), slice(left, left + width)
    own = persons_own(crop, BACKGROUND)[..., 3]
    halo, clear = (mask[place] == 127), cv2.erode(MASKS[0], np.ones((5, 5), np.uint8))[place] == 255
    assert np.median(own[halo]) < 5 and own[clear].min() == 255


@pytest.mark.parametrize(
    "light, kept", [((0.7, 0.68, 0.66), False), ((0.7, 0.4, 0.66), True), ((0.2,) * 3, True)]
)
def test_a_shadow_beside_a_leg_is_no_part_of_it(light, kept):
    """A mask is unsure of it; what is tinted, or darker than a shadow, is somebody's."""
    background = np.full_like(BACKGROUND, 200)
    column, line = np.rint(POSE.keypoints[0, INDEX["left_knee"], :2] + [0.07 * UNIT, 0]).astype(int).tolist()
    place = slice(line, line + 12), slice(column, column + 12)
    frame, mask = np.where(MASKS[0][..., None] > 0, FRAMES[0], background), MASKS[0].copy()
    frame[place], mask[place] = 200 * np.array(light), 150
    crop = crop_around(frame, mask, Figure(POSE.keypoints[0], UNIT))
    own = persons_own(crop, background)[line + 6 - crop.window[1], column + 6 - crop.window[0], 3]
    assert own >= 150 if kept else own < 5


def test_a_sleeve_raised_to_the_chin_is_no_part_of_the_head():
    frames, masks = FRAMES[:20].copy(), MASKS[:20].copy()
    pose = POSE.part(slice(20))
    for frame, mask, points in zip(frames, masks, pose.keypoints, strict=True):
        column, line = (
            np.rint(points[INDEX["left_ear"], :2] + [0.03 * UNIT, 0.04 * UNIT]).astype(int).tolist()
        )
        frame[line : line + 6, column : column + 6] = COLOURS["left_arm"]
        mask[line : line + 6, column : column + 6] = 255
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    for _, _, piece in bank.pieces[HEAD]:
        sleeve = np.abs(piece[..., :3].astype(int) - COLOURS["left_arm"]).max(axis=-1) < 20
        assert (sleeve & (piece[..., 3] > 200)).sum() < 8  # of 36 px


def test_what_floats_beside_a_head_is_no_part_of_it():
    frames, masks = FRAMES[:20].copy(), MASKS[:20].copy()
    pose = POSE.part(slice(20))
    for frame, mask, points in zip(frames, masks, pose.keypoints, strict=True):  # a hand, raised and blurred
        column, line = (
            np.rint(points[INDEX["left_ear"], :2] + [0.12 * UNIT, -0.02 * UNIT]).astype(int).tolist()
        )
        frame[line : line + 5, column : column + 5] = COLOURS["left_hand"]
        mask[line : line + 5, column : column + 5] = 255
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    assert len(bank.pieces[HEAD])
    for _, _, piece in bank.pieces[HEAD]:
        count, _ = cv2.connectedComponents((piece[..., 3] > 60).astype(np.uint8))
        assert count == 2  # the head, and what is around it


def test_noise_before_a_dark_door_is_no_person():
    frame, mask, background = FRAMES[0].copy(), MASKS[0].copy(), np.full(FRAMES.shape[1:], 12, np.uint8)
    outside = mask == 0
    frame[outside] = np.random.default_rng(0).integers(4, 20, (outside.sum(), 3))
    mask[outside] = 60  # a soft mask that reaches over the door
    crop = crop_around(frame, mask, Figure(POSE.keypoints[0], UNIT))
    own = persons_own(crop, background)[crop.alpha < 0.3]
    assert len(own) > 500 and own[:, 3].max() < 61


def test_a_trunk_is_whole_though_arms_cover_it_in_every_frame_and_the_mask_lacks_it():
    keypoints = POSE.keypoints[:20].copy()
    shoulder, hip = (keypoints[:, INDEX[f"left_{joint}"], :2] for joint in ("shoulder", "hip"))
    across = keypoints[:, INDEX["right_hip"], :2] - hip
    for joint, place in (("elbow", 0.5 * (shoulder + hip) + 0.3 * across), ("wrist", hip + 0.3 * across)):
        keypoints[:, INDEX[f"left_{joint}"], :2] = place
    keypoints[:, LEFT_HAND, :2] = keypoints[:, [INDEX["left_wrist"]], :2]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:20])
    frames, masks = drawn(pose, UNIT)
    shirt = np.abs(frames.astype(int) - COLOURS["trunk"]).max(axis=-1) < 5
    masks[shirt] = 120  # as if it had the colour of the wall
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    free = POSE.keypoints[25]
    picture = bank.picture(free, bank.paths(free[None])[0], (0, 0, POSE.width, POSE.height))
    corners = free[TRUNK_CORNERS, :2]
    for share in (0.2, 0.4, 0.6, 0.8):  # from the left shoulder to the left hip, inside
        place = corners.mean(axis=0) * 0.25 + 0.75 * ((1 - share) * corners[0] + share * corners[3])
        column, line = np.rint(place).astype(int)
        assert picture[line, column, 3] > 200, share
        assert np.abs(picture[line, column, :3].astype(int) - COLOURS["trunk"]).max() < 60, share


def test_an_arm_that_the_other_arm_crosses_is_a_bad_reference():
    keypoints, crossing = POSE.keypoints[:20].copy(), [4, 5, 12]
    for frame in crossing:
        points = keypoints[frame]
        middle = points[[INDEX["left_shoulder"], INDEX["left_elbow"]], :2].mean(axis=0)
        shift = middle - points[INDEX["right_wrist"], :2]
        points[[INDEX["right_wrist"], *range(133)[RIGHT_HAND]], :2] += shift
        points[INDEX["right_elbow"], :2] = middle - [0.15 * UNIT, -0.05 * UNIT]
    pose = POSE.replace(keypoints=keypoints, origin=POSE.origin[:20])
    frames, masks = drawn(pose, UNIT)
    arm = PARTS.index("left_arm")
    bank = make_bank(frames, pose, masks, BACKGROUND, 20)
    crossed = np.isin(bank.frames[bank.rows[arm]], crossing)
    assert crossed.sum() == 3
    assert bank.flaws[arm][crossed].min() > bank.flaws[arm][~crossed].max() + 0.05


def test_arms_that_lie_on_each_other_as_seen_from_the_side_are_bad_references():
    points = POSE.keypoints[0].copy()
    assert occlusion.crossed(Figure(points, UNIT), "left_arm") == 0
    for joint in ("shoulder", "elbow", "wrist"):
        points[INDEX[f"right_{joint}"], :2] = points[INDEX[f"left_{joint}"], :2] + [0.01 * UNIT, 0]
    points[RIGHT_HAND, 2] = 0
    for side in ("left", "right"):
        assert occlusion.crossed(Figure(points, UNIT), f"{side}_arm") > 0.7


def test_an_arm_before_a_trunk_is_cut_out_to_above_its_elbow():
    """The trunk's piece would take its edges along: they are nearer to the trunk's outline than the bones."""
    points, part = POSE.keypoints[0].copy(), PARTS.index("trunk")
    left, right, hip = (points[INDEX[name], :2] for name in ("left_shoulder", "right_shoulder", "left_hip"))
    elbow = left + 0.5 * (hip - left) + 0.5 * (right - left)
    points[INDEX["left_elbow"], :2] = elbow
    points[INDEX["left_wrist"], :2] = wrist = elbow + 0.8 * (left - right)
    points[LEFT_HAND, :2] = wrist + 0.05 * (left - right)
    crop = crop_around(FRAMES[0], MASKS[0], Figure(points, UNIT))
    hanging, likely = np.zeros(crop.alpha.shape, bool), np.zeros((3, len(PARTS), 4096), np.float32)
    rgba, sleeves = persons_own(crop, BACKGROUND), np.full(len(ALONG), UNKNOWN_WIDTH)
    ((_, (x, y, piece), hole),) = cut(crop, rgba, [part], likely, hanging, 0, sleeves)
    shoulder = points[INDEX["left_shoulder"], :2]
    for place in (elbow, elbow + 0.3 * (wrist - elbow), elbow + 0.3 * (shoulder - elbow)):
        for aside in (-0.025, 0.025):
            column, line = np.rint(place + [0, aside * UNIT]).astype(int) - (x, y)
            assert piece[line, column, 3] < 60 and hole[line, column] > 190
