import copy

import cv2
import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.keypoints import INDEX, LEFT_HAND, standing_height
from dancenow.pose.facing import turned
from dancenow.references.bank import ChosenReferences
from dancenow.references.body_parts import (
    FAR,
    HANDS,
    NO_SHARE,
    PARTS,
    TRUNK_CORNERS,
    Figure,
    distances,
    grid_step,
    shares,
    visible_parts,
)
from dancenow.references.files import (
    chosen_references,
    load_bank,
    load_bank_of,
    load_choice,
    save_bank,
    save_choice,
)
from dancenow.references.likeness import likeness_features, spread_out, unlikeness
from dancenow.references.making import make_bank
from dancenow.references.preview import flat_colours, over, with_shapes
from dancenow.references.sampling import RealPixels
from drawn_people import COLOURS, WALL, dancer, drawn, part_map

POSE = dancer()
UNIT = standing_height(POSE.keypoints)
FRAMES, MASKS = drawn(POSE, UNIT)
BACKGROUND = np.full(FRAMES.shape[1:], WALL, np.uint8)
WHOLE = 0, 0, POSE.width, POSE.height
TRAINING = 30  # of 40 frames; the back is shown in the last ten


@pytest.fixture(scope="module")
def bank():
    return make_bank(FRAMES, POSE, MASKS, BACKGROUND, len(FRAMES))


def test_spread_out_rows_cover_the_others():
    clump = np.random.default_rng(1).normal(size=(500, 3)) * 0.01
    rare = np.array([[5.0, 0, 0], [0, 5, 0], [0, 0, 5]])
    features = np.concatenate([clump, rare]).astype(np.float32)
    chosen = spread_out(features, 6)
    assert {500, 501, 502} <= set(chosen.tolist()) and len(chosen) == 6
    assert len(spread_out(np.zeros((9, 2), np.float32), 4)) == 1


def test_references_do_not_change_more_often_at_a_higher_rate(bank):
    unsteady = POSE.keypoints.copy()
    unsteady[::2, :, 0] += np.random.default_rng(0).normal(0, 0.01 * UNIT, unsteady[::2, :, 0].shape)
    chosen = bank.paths(unsteady, fps=25)
    assert (np.diff(chosen, axis=0) != 0).any()
    assert np.array_equal(bank.paths(np.repeat(unsteady, 3, axis=0), fps=75), np.repeat(chosen, 3, axis=0))


def test_front_and_back_are_never_alike(bank):
    turns = turned(POSE.keypoints, UNIT)
    assert (turns[:TRAINING] > 0.1).all() and (turns[TRAINING:] < -0.1).all()
    features = likeness_features(POSE.keypoints, UNIT)
    for part in PARTS:
        apart = unlikeness(part, features[part], features[part], turns, turns)
        assert np.abs(np.diag(apart)).max() < 0.01
        assert apart[:TRAINING, TRAINING:].min() > apart[:TRAINING, :TRAINING].max()
    chosen = bank.paths(POSE.keypoints)
    for number in range(len(PARTS)):
        sources = bank.frames[bank.rows[number][chosen[:, number]]]
        assert ((sources >= TRAINING) == (np.arange(40) >= TRAINING)).all()


@pytest.mark.parametrize("x", [-400, -90, 20, 150])
def test_distances_that_stop_where_no_share_is_left_give_the_same_shares(x):
    figure, window = Figure(POSE.keypoints[0], UNIT), (x, 0, 256, 256)
    step = grid_step(UNIT)
    whole, near = distances(figure, window, step), distances(figure, window, step, NO_SHARE)
    assert (near == FAR).sum() > (whole == FAR).sum()
    assert np.array_equal(np.where(whole <= NO_SHARE, near, 0), np.where(whole <= NO_SHARE, whole, 0))
    assert np.array_equal(shares(whole), shares(near))


def test_a_hand_before_the_face_covers_it_unless_it_is_hidden():
    points = POSE.keypoints[0].copy()
    nose, hand = points[INDEX["nose"], :2].copy(), points[LEFT_HAND, :2]
    # an open hand, wider than its bones: between the fingers the face is nearer to its own bone
    spread = 1.5 * (hand - hand.mean(axis=0))
    points[LEFT_HAND, :2], points[INDEX["left_wrist"], :2] = nose + spread, nose + [0, 0.03 * UNIT]
    points[LEFT_HAND, 2] = points[INDEX["left_wrist"], 2] = 0.9
    window = *(np.rint(nose - 0.02 * UNIT).astype(int).tolist()), *2 * [round(0.04 * UNIT)]
    hand_number, head = PARTS.index("left_hand"), PARTS.index("head")

    def near_the_nose():
        weights = shares(distances(Figure(points, UNIT), window, 1))
        return weights[hand_number].mean(), weights[head].mean()

    over, under = near_the_nose()
    assert over > 3 * under
    points[INDEX["left_wrist"], 2] = 0.2
    over, under = near_the_nose()
    assert over == 0 and under > 0.9


def test_what_is_moved_looks_as_it_should(bank):
    front = make_bank(
        FRAMES[:20],
        POSE.part(slice(20)),
        MASKS,
        BACKGROUND,
        20,
    )
    chosen = front.paths(POSE.keypoints[20:TRAINING])
    for index in range(20, TRAINING):
        picture = over(front.picture(POSE.keypoints[index], chosen[index - 20], WHOLE), BACKGROUND)
        inside = MASKS[index] > 0
        error = np.abs(picture.astype(int) - FRAMES[index]).max(axis=2)
        still = np.abs(BACKGROUND.astype(int) - FRAMES[index]).max(axis=2)
        assert error[inside].mean() < 0.25 * still[inside].mean()
        assert error[~inside].mean() < 4


def test_moving_by_half_a_pixel_keeps_fine_patterns_and_edges_do_not_ring():
    stripes = (45 * np.sin(np.arange(POSE.width) * np.pi / 2)).astype(int)[None, None, :, None]
    shown = np.clip(FRAMES + stripes * (MASKS[..., None] > 0), 0, 255).astype(np.uint8)
    bank, keypoints = make_bank(shown, POSE, MASKS, BACKGROUND, len(FRAMES)), POSE.keypoints[3].copy()
    chosen = bank.paths(keypoints[None])[0]
    keypoints[:, 0] += 0.5
    picture = bank.picture(keypoints, chosen, WHOLE)
    assert (picture[..., :3] <= picture[..., 3:]).all()
    inside = cv2.erode(MASKS[3], np.ones((5, 5))) > 0
    steps, wanted = (np.diff(of[..., 0].astype(float), axis=1)[inside[:, 1:]] for of in (picture, shown[3]))
    # linear interpolation keeps .71 of such stripes
    assert np.std(steps) > 0.8 * np.std(wanted)


def test_a_window_shows_what_the_whole_picture_shows_there(bank):
    chosen = bank.paths(POSE.keypoints)[3]
    whole = bank.picture(POSE.keypoints[3], chosen, WHOLE)
    part = bank.picture(POSE.keypoints[3], chosen, (96, 32, 96, 128))
    assert np.abs(part.astype(int) - whole[32:160, 96:192]).mean() < 2
    assert not bank.picture(POSE.keypoints[3], chosen, (0, 0, 32, 32)).any()


def test_parts_that_are_not_seen_are_left_out(bank):
    points = POSE.keypoints[3].copy()
    points[[INDEX["left_wrist"], INDEX["left_elbow"]]] = 0
    seen = visible_parts(points[None])[0]
    assert [part for part, shown in zip(PARTS, seen, strict=True) if not shown] == ["left_arm", "left_hand"]
    chosen = bank.paths(points[None])[0]
    assert chosen[PARTS.index("left_arm")] == -1 and chosen[PARTS.index("right_arm")] >= 0
    assert not bank.picture(points * 0, np.full(len(PARTS), -1), WHOLE).any()


@pytest.mark.parametrize("sure, seen", [(0.9, "left_arm"), (0.1, "trunk")])
def test_an_arm_behind_the_trunk_is_covered_by_it(bank, sure, seen):
    """The elbow stands out, the wrist lies on the trunk: before it, or behind, as the estimator says."""
    points = POSE.keypoints[3].copy()
    middle = points[TRUNK_CORNERS, :2].mean(axis=0)
    wrist, shift = INDEX["left_wrist"], middle - points[INDEX["left_wrist"], :2]
    points[[wrist, *HANDS["left"]], :2] += shift
    points[wrist, 2] = sure
    elbow = points[INDEX["left_elbow"], :2]
    x, y = np.rint(middle + 0.2 * (elbow - middle)).astype(int)
    assert PARTS[part_map(points, WHOLE, UNIT)[y, x]] == seen
    shown = over(bank.picture(points, bank.paths(points[None])[0], WHOLE), BACKGROUND)
    assert np.abs(shown[y, x].astype(int) - COLOURS[seen]).max() < 12
    # outside the trunk the forearm is seen in any case
    x, y = np.rint(middle + 0.95 * (elbow - middle)).astype(int)
    assert PARTS[part_map(points, WHOLE, UNIT)[y, x]] == "left_arm"


def test_a_part_that_the_footage_never_shows_has_no_reference():
    points = POSE.keypoints.copy()
    points[:, [INDEX["left_heel"], INDEX["right_heel"]]] = 0
    pose = POSE.replace(keypoints=points, origin=(points[..., 2] > 0).astype(np.uint8))
    bank = make_bank(FRAMES, pose, MASKS, BACKGROUND, len(FRAMES))
    feet = [PARTS.index("left_foot"), PARTS.index("right_foot")]
    assert all(len(bank.rows[number]) == 0 for number in feet)
    chosen = bank.paths(POSE.keypoints)
    assert (chosen[:, feet] == -1).all()
    # in the preview, shapes of the person's colours
    seen = bank.picture(POSE.keypoints[0], chosen[0], WHOLE)
    shown = with_shapes(seen, bank, flat_colours(bank), POSE.keypoints[0], chosen[0])
    column, line = np.rint(POSE.keypoints[0, INDEX["left_big_toe"], :2]).astype(int)
    assert seen[line, column, 3] < 50 and shown[line, column, 3] > 200 and shown[line, column, :3].min() > 20
    assert bank.picture(POSE.keypoints[0], bank.paths(POSE.keypoints)[0], WHOLE).any()


def test_a_shape_has_the_other_sides_colour_else_an_arms_the_skins(bank):
    def told(*lost):
        less = copy.copy(bank)
        less.pieces = [[] if part in lost else own for part, own in zip(PARTS, bank.pieces, strict=True)]
        return dict(zip(PARTS, flat_colours(less), strict=True))

    usual = told()
    assert (told("left_hand", "left_leg")["left_hand"] == usual["right_hand"]).all()
    assert (told("left_hand", "left_leg")["left_leg"] == usual["right_leg"]).all()
    lost = told("left_arm", "right_arm", "left_leg", "right_leg")
    np.testing.assert_allclose(lost["left_arm"], COLOURS["head"], atol=12)
    assert np.abs(lost["left_leg"] - COLOURS["head"]).max() > 20  # nobody knows the trousers
    assert (told(*PARTS[2:4])["trunk"] == usual["trunk"]).all()


def test_a_wrong_pose_is_no_reference():
    points = POSE.keypoints.copy()
    points[5, points[5, :, 2] > 0, 0] = np.clip(points[5, points[5, :, 2] > 0, 0] - 90, 1, None)
    bank = make_bank(
        FRAMES, POSE.replace(keypoints=points, origin=POSE.origin), MASKS, BACKGROUND, len(FRAMES)
    )
    assert 5 not in bank.frames


def test_masks_of_somebody_else_are_named():
    with pytest.raises(InputError, match="in no training frame do the person's pose and mask agree"):
        make_bank(FRAMES, POSE, np.zeros_like(MASKS), BACKGROUND, 5)


def test_footage_without_a_whole_part_is_refused():
    nobody = POSE.replace(keypoints=POSE.keypoints * 0)
    with pytest.raises((InputError, ValueError)):
        make_bank(FRAMES, nobody, MASKS, BACKGROUND, 5)


def test_footage_cut_off_at_the_hips_is_refused_in_one_line():
    points = POSE.keypoints.copy()
    points[:, INDEX["left_hip"] : INDEX["right_heel"] + 1] = 0
    with pytest.raises(InputError, match="no training frame shows a head and a foot, or a trunk"):
        make_bank(FRAMES, POSE.replace(keypoints=points), MASKS, BACKGROUND, 5)


def test_held_out_frames_are_never_cut():
    assert make_bank(FRAMES, POSE, MASKS, BACKGROUND, TRAINING).frames.max() < TRAINING


def test_references_are_bounded_whatever_the_length():
    bank = make_bank(FRAMES, POSE, MASKS, BACKGROUND, len(FRAMES), most=5)
    assert max(len(rows) for rows in bank.rows) == 5


def test_stored_banks_and_choices_draw_the_same_pictures(tmp_path, bank):
    save_bank(tmp_path / "bank.npz", bank, POSE, len(FRAMES))
    loaded = load_bank(tmp_path / "bank.npz")
    choice = bank.choose(POSE.keypoints, fps=30)
    save_choice(tmp_path / "chosen.npz", choice, bank, POSE.keypoints)
    for other in (
        load_choice(tmp_path / "chosen.npz", loaded, POSE.keypoints),
        loaded.choose(POSE.keypoints, fps=30),
    ):
        assert all(np.array_equal(*each) for each in zip(other, choice, strict=True))
    both = (each.picture(POSE.keypoints[9], choice.references[9, :, 0], WHOLE) for each in (bank, loaded))
    assert np.array_equal(*both)
    cast = (each.shadows.on(BACKGROUND, POSE.keypoints[9], WHOLE, 9) for each in (bank, loaded))
    assert np.array_equal(*cast)
    drawn = chosen_references(tmp_path / "bank.npz", tmp_path / "chosen.npz", POSE)(9, WHOLE)
    assert np.array_equal(drawn, ChosenReferences(bank, POSE.keypoints, choice)(9, WHOLE))
    assert chosen_references([], [], POSE) is None
    save_bank(tmp_path / "again.npz", loaded, POSE, len(FRAMES))
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "bank.npz").read_bytes()


@pytest.mark.parametrize("load, what", [(load_bank, "references"), (load_choice, "chosen references")])
def test_what_is_no_such_file_is_named(tmp_path, bank, load, what):
    (tmp_path / "a.npz").write_bytes(b"PK")
    with pytest.raises(InputError, match=rf"a\.npz: not a file of {what}"):
        load(tmp_path / "a.npz", *([bank, POSE.keypoints] if load is load_choice else []))


def test_a_choice_of_other_settings_is_refused_by_name(tmp_path, bank):
    files = tmp_path / "bank.npz", tmp_path / "chosen.npz"
    save_bank(files[0], bank, POSE, len(FRAMES))
    few = make_bank(FRAMES, POSE, MASKS, BACKGROUND, len(FRAMES), most=5)
    moved = POSE.keypoints + np.float32([1, 0, 0])  # as another smoothing or normalisation makes it
    for other, keypoints in ((few, POSE.keypoints), (bank, moved), (bank, POSE.keypoints[1:])):
        save_choice(files[1], other.choose(keypoints), other, keypoints)
        with pytest.raises(InputError, match=r"chosen\.npz: chosen from other references or for another dan"):
            chosen_references(*files, POSE)


def test_a_bank_of_other_settings_is_refused_by_name(tmp_path, bank):
    save_bank(tmp_path / "bank.npz", bank, POSE, len(FRAMES))
    assert load_bank_of(tmp_path / "bank.npz", POSE, len(FRAMES)).reach == bank.reach
    moved = POSE.replace(keypoints=POSE.keypoints + np.float32([1, 0, 0]))
    larger = POSE.replace(width=2 * POSE.width)
    for pose, used in ((POSE, len(FRAMES) - 1), (moved, len(FRAMES)), (larger, len(FRAMES))):
        with pytest.raises(InputError, match=r"bank\.npz: cut from other frames or poses than those of this"):
            load_bank_of(tmp_path / "bank.npz", pose, used)


@pytest.mark.parametrize("name", ["keypoints", "rows", "flaws", "ends", "pieces"])
def test_a_bank_that_does_not_fit_to_itself_is_named(name, tmp_path, bank):
    save_bank(tmp_path / "bank.npz", bank, POSE, len(FRAMES))
    held = dict(np.load(tmp_path / "bank.npz"))
    np.savez(tmp_path / "bank.npz", **held | {name: held[name][:1]})
    with pytest.raises(
        InputError, match=r"bank\.npz: not a file of references .*; delete it to make it again"
    ):
        load_bank(tmp_path / "bank.npz")


@pytest.mark.parametrize("unit", [0.0, -1.0, 1e9])
def test_a_bank_of_an_absurd_size_is_named(unit, tmp_path, bank):
    """The memory for its grids would not suffice."""
    save_bank(tmp_path / "bank.npz", bank, POSE, len(FRAMES))
    np.savez(tmp_path / "bank.npz", **dict(np.load(tmp_path / "bank.npz")) | {"unit": np.array(unit)})
    with pytest.raises(InputError, match=r"bank\.npz: not a file of references \(nobody is .* px high\)"):
        load_bank(tmp_path / "bank.npz")


def test_two_references_are_mixed_where_they_look_the_same(bank):
    trunk, points = PARTS.index("trunk"), POSE.keypoints[9]
    chosen = np.full((len(PARTS), 2), -1)
    chosen[trunk] = bank.paths(POSE.keypoints)[9, trunk], 0
    shares = np.full(chosen.shape, 0.5, np.float32)
    (x, y, piece), own = bank.pieces[trunk][chosen[trunk, 0]], list(bank.pieces)
    alone = bank.picture(points, chosen[:, 0], WHOLE).astype(int)
    other = copy.copy(bank)
    other.rows = [rows.copy() for rows in bank.rows]
    other.rows[trunk][0] = bank.rows[trunk][chosen[trunk, 0]]  # the same pose
    deep = cv2.erode(np.uint8(alone[..., 3] == 255), np.ones((9, 9))) > 0
    for darker, share in ((0.1, 0.5), (1.0, 0.0)):  # a little darker: half of it; black: not at all
        changed = piece.copy()
        changed[..., :3] = np.rint(piece[..., :3] * (1 - darker))
        own[trunk] = [(x, y, changed), *bank.pieces[trunk][1:]]
        other.pieces = own
        drawn_so = other.picture(points, chosen, WHOLE, shares)
        expected = alone[deep][:, :3] * (1 - share * darker)
        assert np.abs(drawn_so[deep][:, :3] - expected).max() <= 1.5
        assert np.array_equal(drawn_so[..., 3], alone[..., 3])


def test_a_training_frame_never_takes_its_own_moment(bank):
    pixels = RealPixels(bank, None, fps=5, count=40)  # 5 frames to both sides
    random = np.random.default_rng(0)
    taken = set()
    for _ in range(40):
        for number, place in enumerate(pixels._pick(POSE.keypoints[12], 12, random)):
            if place >= 0:
                frame = int(bank.frames[bank.rows[number][place]])
                assert abs(frame - 12) > 5
                taken.add(frame)
    assert len(taken) > 4  # not always the same


def test_draws_depend_on_the_seed_alone(bank):
    pixels = RealPixels(bank, MASKS, fps=5, count=40)
    draws = [pixels.draw(POSE.keypoints[4:6], 4, WHOLE, np.random.default_rng(7)) for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*draws, strict=True))
    empty = [
        not pixels.draw(POSE.keypoints[4:5], 4, WHOLE, np.random.default_rng(s))[0].any() for s in range(60)
    ]
    assert 0 < sum(empty) < 20


def test_a_clip_of_two_seconds_still_finds_references():
    few = POSE.part(slice(10))
    bank = make_bank(FRAMES[:10], few, MASKS[:10], BACKGROUND, 10)
    pictures = RealPixels(bank, None, few.fps, 10).draw(few.keypoints[:2], 0, WHOLE, np.random.default_rng(0))
    assert all(picture[..., 3].any() for picture in pictures)
