"""Mending against walkers whose true keypoints are known: swaps, jumps, gaps part by part, cuts."""

import numpy as np
import pytest

from dancenow.keypoints import (
    FACE,
    FEET,
    IMPUTED,
    INDEX,
    LEFT_HAND,
    MEASURED,
    MIN_CONFIDENCE,
    MISSING,
    REPAIRED,
    RIGHT_HAND,
    People,
)
from dancenow.pose.mending import HELD_CONFIDENCE, SWAPPED, hold_parts, mark, remove_jumps, unswap
from dancenow.pose.performer import track_performer
from walkers import FPS, FRAMES, performer, rotated, wander

WRIST, NOSE = INDEX["left_wrist"], INDEX["nose"]


def dancer(stride=45, tempo=4):
    """(200, 133, 3): someone 300 px tall who moves about; legs cross and arms swing, all at known places."""
    keypoints = performer(300, 480, x=wander()).keypoints.copy()
    time = np.arange(FRAMES)
    steps = stride * np.sin(time / tempo)
    for side, sign in (("left", -1), ("right", 1)):
        for joint in SWAPPED["legs"][0 if side == "left" else 1]:
            keypoints[:, joint, 0] += sign * steps
        for joint in ("elbow", "wrist"):
            keypoints[:, INDEX[f"{side}_{joint}"], 1] += sign * 30 * np.sin(time / 5)
        hand = LEFT_HAND if side == "left" else RIGHT_HAND
        keypoints[:, hand, 1] += sign * (30 * np.sin(time / 5))[:, None]
    return keypoints


def swapped(keypoints, group, frames):
    left, right = SWAPPED[group]
    wrong = keypoints.copy()
    wrong[frames, left], wrong[frames, right] = keypoints[frames, right], keypoints[frames, left]
    return wrong


def tracked(keypoints, max_gap=4, cuts=(), smoothing="none"):
    rows = np.flatnonzero(keypoints.any(axis=(1, 2))).astype(np.int32)
    people = People(keypoints[rows], rows, len(keypoints), FPS, 512, 512, "x", "y")
    return track_performer(people, max_gap / 25, smoothing, 0.2, cuts=cuts)


def test_a_dance_that_was_measured_well_is_left_alone():
    pose = tracked(dancer())
    assert np.array_equal(pose.keypoints, dancer())
    assert (pose.origin == MEASURED).all()


@pytest.mark.parametrize("group", ["trunk", "arms", "legs", "hands"])
@pytest.mark.parametrize("length", [1, 2, 6])
def test_a_swap_of_left_and_right_is_given_back(group, length):
    true, first = dancer(), 69  # the legs are apart there
    frames = slice(first, first + length)
    keypoints, origin, counts = unswap(swapped(true, group, frames), mark(true), FPS)
    assert np.array_equal(keypoints, true)
    touched = np.zeros((FRAMES, 133), bool)
    touched[frames, SWAPPED[group][0] + SWAPPED[group][1]] = True
    assert np.array_equal(origin == REPAIRED, touched)
    assert counts[group] == length and sum(counts.values()) == length


def test_two_swaps_soon_after_one_another():
    true = dancer()
    wrong = swapped(swapped(true, "hands", slice(60, 63)), "hands", slice(67, 69))
    keypoints, _, counts = unswap(wrong, mark(true), FPS)
    assert np.array_equal(keypoints, true) and counts["hands"] == 5


def test_legs_that_cross_and_hands_that_clap_are_no_swaps():
    true = dancer(stride=90, tempo=3)  # the legs pass one another at 60 px a frame
    for frame in range(0, FRAMES, 6):  # the hands meet for a frame, four times a second, and part again
        middle = (true[frame, LEFT_HAND, :2] + true[frame, RIGHT_HAND, :2]) / 2
        true[frame, LEFT_HAND, 0], true[frame, RIGHT_HAND, 0] = middle[:, 0] + 2, middle[:, 0] - 2
    assert sum(unswap(true, mark(true), FPS)[2].values()) == 0


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_jump_and_back_is_repaired_and_marked(length):
    true = dancer()
    wrong = true.copy()
    wrong[50 : 50 + length, WRIST, :2] += (120, -60)
    _, origin, count = remove_jumps(wrong, mark(wrong), FPS)
    assert count == length and (origin[50 : 50 + length, WRIST] == MISSING).all()
    pose = tracked(wrong)
    apart = np.linalg.norm(pose.keypoints[..., :2] - true[..., :2], axis=-1)
    assert apart.max() < 8
    assert (pose.origin[50 : 50 + length, WRIST] == REPAIRED).all()
    assert (pose.origin == REPAIRED).sum() == length


def test_a_jump_is_as_long_in_seconds_at_a_high_rate():
    true = np.repeat(dancer(), 3, axis=0)
    wrong = true.copy()
    wrong[150:158, WRIST, :2] += (120, -60)
    assert remove_jumps(wrong, mark(wrong), 3 * FPS)[2] == 8


@pytest.mark.parametrize("fps", [1, 5, 10])
def test_at_few_frames_a_second_a_limb_may_be_back_in_the_next_frame(fps):
    """As in a time lapse or an animated GIF: legs and arms that swing were missing there."""
    kept = dancer()[:: round(FPS / fps)]
    kept[5::3, WRIST, :2] += (60, 0)  # a fifth of the height, and back
    for mended in (unswap, remove_jumps):
        given, origin, _ = mended(kept, mark(kept), fps)
        assert (given == kept).all() and (origin == mark(kept)).all()
    keypoints = tracked(kept.astype(np.float32)).keypoints
    assert (keypoints[..., 2] > 0).sum() == (kept[..., 2] > 0).sum()


def test_a_short_gap_of_a_hand_is_repaired_while_the_body_is_there():
    true = dancer()
    gappy = true.copy()
    gappy[80:84, LEFT_HAND] = 0
    pose = tracked(gappy, max_gap=4)
    assert (pose.origin[80:84, LEFT_HAND] == REPAIRED).all() and (pose.origin == REPAIRED).sum() == 4 * 21
    assert np.abs(pose.keypoints[80:84, LEFT_HAND, :2] - true[80:84, LEFT_HAND, :2]).max() < 8


def test_a_repaired_hand_stays_on_a_fast_arm():
    true = dancer()
    for points in (WRIST, LEFT_HAND):  # the arm goes up and down again while the hand is away
        true[80:84, points, 1] -= np.reshape([60, 120, 120, 60], (-1, *[1] * (true[0, points].ndim - 1)))
    gappy = true.copy()
    gappy[80:84, LEFT_HAND] = 0
    gappy[150:152, WRIST] = gappy[150:152, LEFT_HAND] = 0
    pose = tracked(gappy)
    assert (pose.origin[80:84, LEFT_HAND] == REPAIRED).all()
    for frames in (slice(80, 84), slice(150, 152)):
        apart = pose.keypoints[frames, LEFT_HAND, :2] - true[frames, LEFT_HAND, :2]
        assert np.abs(apart).max() < 4


@pytest.mark.parametrize(
    ("part", "anchor"),
    [
        (LEFT_HAND, "left_wrist"),
        (RIGHT_HAND, "right_wrist"),
        (FACE, "nose"),
        (slice(FEET.start, FEET.start + 3), "left_ankle"),
        (slice(FEET.start + 3, FEET.stop), "right_ankle"),
    ],
)
def test_a_long_gap_of_a_part_is_held_from_its_anchor(part, anchor):
    true = dancer()
    gappy = true.copy()
    gappy[80:120, part] = 0
    pose = tracked(gappy, max_gap=4)
    assert (pose.origin[80:120, part] == IMPUTED).all() and (pose.origin == IMPUTED).sum() == 40 * len(
        range(133)[part]
    )
    # a hand hangs on its wrist
    root = true[79, part.start if "wrist" in anchor else INDEX[anchor], :2]
    offset = true[79, part, :2] - root
    held = pose.keypoints[80:120, part, :2] - pose.keypoints[80:120, INDEX[anchor], None, :2]
    assert np.abs(held - offset).max() < 0.01
    assert pose.keypoints[80:120, part, 2] == pytest.approx(HELD_CONFIDENCE)


@pytest.mark.parametrize("other_hand", [True, False])
def test_hands_go_along_with_arms_that_were_swapped_back(other_hand):
    true = dancer()
    if not other_hand:
        true[78:92, RIGHT_HAND] = 0
    wrong = swapped(swapped(true, "arms", slice(80, 86)), "hands", slice(80, 86))
    wrong[76:84, LEFT_HAND if other_hand else RIGHT_HAND] = 0  # too few frames to tell the hands' swap
    pose = tracked(wrong, max_gap=2)
    for wrist, hand in ((WRIST, LEFT_HAND), (INDEX["right_wrist"], RIGHT_HAND)):
        seen = pose.keypoints[:, hand.start, 2] > 0
        apart = np.linalg.norm(pose.keypoints[:, hand.start, :2] - pose.keypoints[:, wrist, :2], axis=1)
        assert apart[seen].max() < 20


def test_a_hand_away_from_its_wrist_is_removed_and_not_held_there():
    wrong = dancer()
    wrong[60:64, LEFT_HAND, :2] += (90, 0)  # somebody else's, or a sleeve, and then none for two seconds
    wrong[64:114, LEFT_HAND] = 0
    pose = tracked(wrong)
    apart = np.linalg.norm(pose.keypoints[:, LEFT_HAND.start, :2] - pose.keypoints[:, WRIST, :2], axis=1)
    assert apart.max() < 10 and (pose.origin[60:114, LEFT_HAND] == IMPUTED).all()


def test_a_hand_that_went_along_with_a_jump_of_its_wrist_is_removed():
    wrong = dancer()
    wrong[70:130, LEFT_HAND] = 0
    wrong[100:102, WRIST, :2] += (150, -90)
    wrong[100:102, LEFT_HAND] = wrong[100:102, WRIST, None]
    pose = tracked(wrong)
    apart = np.linalg.norm(pose.keypoints[:, LEFT_HAND.start, :2] - pose.keypoints[:, WRIST, :2], axis=1)
    assert apart.max() < 10 and (pose.origin[70:130, LEFT_HAND] == IMPUTED).all()


def test_a_hand_in_a_close_up_is_measured_by_the_arm():
    shot = dancer()
    shot[:, INDEX["left_hip"] : INDEX["right_ankle"] + 1] = shot[:, FEET] = 0
    pose = tracked(shot)
    assert (pose.origin[:, LEFT_HAND] == MEASURED).all() and (pose.origin[:, RIGHT_HAND] == MEASURED).all()


def test_a_held_keypoint_never_counts_as_missing():
    gappy = dancer()
    gappy[:, LEFT_HAND, 2] = 0.06
    gappy[80:120, LEFT_HAND] = 0
    pose = tracked(gappy)
    assert pose.keypoints[100, LEFT_HAND, 2] == pytest.approx(MIN_CONFIDENCE) and pose.present()[100].all()


def test_a_body_away_for_long_stays_missing_and_takes_its_parts_along():
    gappy = dancer()
    gappy[80:120] = 0
    pose = tracked(gappy)
    assert not pose.keypoints[80:120].any() and (pose.origin[80:120] == MISSING).all()


def test_a_part_is_not_held_where_its_anchor_is_away_or_before_it_was_seen():
    gappy = dancer()
    gappy[80:120, LEFT_HAND] = 0
    gappy[90:100, WRIST] = 0
    gappy[:20, FACE] = 0
    origin = tracked(gappy).origin
    assert (origin[90:100, LEFT_HAND] == MISSING).all() and (origin[100:120, LEFT_HAND] == IMPUTED).all()
    assert (origin[:20, FACE] == MISSING).all()


def test_a_face_is_not_held_on_a_turned_back():
    keypoints = dancer()
    keypoints[80:, FACE] = 0
    shoulders = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
    keypoints[100:130, shoulders] = keypoints[100:130, shoulders[::-1]]
    _, origin, counts = hold_parts(keypoints, mark(keypoints), FPS)
    assert (origin[100:130, FACE] == MISSING).all()
    assert (origin[80:100, FACE] == IMPUTED).all() and (origin[130:, FACE] == IMPUTED).all()
    assert counts["face"] == FRAMES - 80 - 30


@pytest.mark.parametrize("degrees", [-170, -90, 90, 180])
def test_a_face_is_held_by_the_side_that_is_seen_however_the_body_lies(degrees):
    """On the head, the left shoulder of who faces the camera is on the left, as that of a turned back."""
    keypoints = dancer()
    keypoints[80:, FACE] = 0
    keypoints[90:] = rotated(keypoints[90:], degrees)
    shoulders = [INDEX["left_shoulder"], INDEX["right_shoulder"]]
    keypoints[120:, shoulders] = keypoints[120:, shoulders[::-1]]
    _, origin, counts = hold_parts(keypoints, mark(keypoints), FPS)
    assert (origin[80:120, FACE] == IMPUTED).all() and (origin[120:, FACE] == MISSING).all()
    assert counts["face"] == 40


def test_a_held_face_and_foot_are_turned_over_with_the_body():
    keypoints = dancer()
    keypoints[90:] = rotated(keypoints[90:], 180)
    gappy, toes = keypoints.copy(), slice(FEET.start, FEET.start + 3)
    gappy[90:, FACE] = gappy[90:, toes] = 0
    held, origin, _ = hold_parts(gappy, mark(gappy), FPS)
    for part in (FACE, toes):
        assert (origin[90:, part] == IMPUTED).all()
        apart = np.linalg.norm(held[90:, part, :2] - keypoints[90:, part, :2], axis=-1)
        size = np.linalg.norm(np.ptp(keypoints[90, part, :2], axis=0))
        assert apart.max() < 0.25 * size


def test_a_held_face_is_turned_the_way_the_body_turns():
    """Upside down both ways end alike; who lies shows which it was."""
    keypoints = dancer()
    keypoints[90:] = rotated(keypoints[90:], 110)
    gappy = keypoints.copy()
    gappy[90:, FACE] = 0
    held, _, _ = hold_parts(gappy, mark(gappy), FPS)
    other = rotated(keypoints[90:], -2 * 110)  # as if it had turned against it
    away, against = (
        np.linalg.norm(_about_the_middle(held[90:]) - _about_the_middle(each), axis=-1).mean()
        for each in (keypoints[90:], other)
    )
    assert away < 0.5 * against


def _about_the_middle(keypoints):
    face = keypoints[:, FACE, :2]
    return face - face.mean(axis=1, keepdims=True)


def test_nothing_is_filled_held_or_smoothed_across_a_cut():
    gappy = dancer()
    gappy[100:, :, :2] += (-100, -40)
    gappy[98:102, WRIST] = 0
    gappy[100:130, RIGHT_HAND] = 0
    pose = tracked(gappy, cuts=[100], smoothing="gaussian")
    assert (pose.origin[98:102, WRIST] == MISSING).all()
    assert (pose.origin[100:130, RIGHT_HAND] == MISSING).all()
    alone = [tracked(shot, smoothing="gaussian").keypoints for shot in (gappy[:100], gappy[100:])]
    assert np.array_equal(pose.keypoints, np.concatenate(alone))
    without = tracked(gappy, smoothing="gaussian")
    assert not np.array_equal(without.keypoints[99], pose.keypoints[99])
    assert (without.origin[98:102, WRIST] == REPAIRED).all()


def test_a_swap_that_begins_with_a_shot_is_not_taken_for_one():
    """Two dancers who face the other way in the second shot: their left is on the other side, rightly."""
    turned = dancer()
    turned[100:110] = swapped(turned, "legs", slice(100, 110))[100:110]
    _, origin, counts = unswap(turned[100:], mark(turned[100:]), FPS)
    assert sum(counts.values()) == 0 and (origin == MEASURED).all()
    assert (tracked(turned, cuts=[100]).origin == MEASURED).all()
    assert (tracked(turned).origin == REPAIRED).sum() == 10 * 10
