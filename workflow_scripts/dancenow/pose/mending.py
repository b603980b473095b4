"""Repair one performer's keypoints over time: swaps of left and right, jumps, gaps, missing parts.

Every function takes the frames of one shot: keypoints (T, 133, 3) float32 with (0, 0, 0) for missing, and
origin (T, 133) uint8 as in Pose. It returns changed copies and the number of changes.
"""

from fractions import Fraction

import numpy as np
from scipy.ndimage import median_filter

from dancenow.keypoints import (
    BODY,
    FACE,
    HEAD,
    IMPUTED,
    INDEX,
    LEFT_HAND,
    MEASURED,
    MIN_CONFIDENCE,
    MISSING,
    REPAIRED,
    RIGHT_HAND,
    SIDES,
    box_diagonals,
    sides_of,
)
from dancenow.pose.facing import rolled, turned, upright
from dancenow.stretches import interpolated

# groups in which an estimator swaps left and right, each independently
_SIDED = {
    "trunk": ("shoulder", "hip"),
    "arms": ("elbow", "wrist"),
    "legs": ("knee", "ankle", "big_toe", "small_toe", "heel"),
}
SWAPPED = {
    group: ([INDEX[f"left_{name}"] for name in names], [INDEX[f"right_{name}"] for name in names])
    for group, names in _SIDED.items()
} | {"hands": tuple(list(range(hand.start, hand.stop)) for hand in (LEFT_HAND, RIGHT_HAND))}
SWAP_RATIO = 0.5  # swapping the sides back must at least halve the distance from the expected places,
SWAP_GAIN = 0.08  # save so many body diagonals,
SWAP_SECONDS = 0.4  # both into the swapped frames and out of them again, at most this much later

# a jump goes out and back in one frame each, farther, in body diagonals, than this, and than JUMP_RATIO
# times the distance between the frames before and after. A fast limb needs several frames each way
JUMP_OF_ONE, JUMP = 0.08, 0.2
JUMP_SECONDS, LEAST_JUMP = 0.12, 3  # as long a jump may last, and frames, at any rate
JUMP_RATIO = 3.0
# body diagonals a second that a limb moves: below 25 frames a second it is back in the next frame
FASTEST_LIMB = 2.0

# a hand whose root lies farther than this from its wrist, in lengths of the longest bone seen, is another's
HAND_AWAY = 0.25
_JOINED = ("shoulder", "hip"), ("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee")
_BONES = np.array(
    [[INDEX[f"{side}_{end}"] for end in ends] for side in SIDES for ends in _JOINED] + [sides_of("shoulder")]
)
ROOTS, WRISTS = [LEFT_HAND.start, RIGHT_HAND.start], sides_of("wrist")

INTERPOLATED = 0.5  # confidence of an interpolated keypoint, as a share of its less confident neighbour's

# parts that are held while they are missing, the keypoints that they move along with, and where they lie on
# these: a hand hangs on its wrist
_BODY = list(range(BODY.start, BODY.stop))
HELD_PARTS = {
    "face": (list(range(FACE.start, FACE.stop)), HEAD, HEAD),
    "left_hand": (SWAPPED["hands"][0], WRISTS[:1], ROOTS[:1]),
    "right_hand": (SWAPPED["hands"][1], WRISTS[1:], ROOTS[1:]),
    "left_foot": (SWAPPED["legs"][0][2:], [INDEX["left_ankle"]], [INDEX["left_ankle"]]),
    "right_foot": (SWAPPED["legs"][1][2:], [INDEX["right_ankle"]], [INDEX["right_ankle"]]),
}
ROLLING = {"face": "head", "left_foot": "left_foot", "right_foot": "right_foot"}  # parts of pose.facing
HELD_CONFIDENCE = 0.25  # confidence of a held keypoint, as a share of that when it was last seen


def mark(keypoints: np.ndarray) -> np.ndarray:
    """(T, 133) uint8: MEASURED where a keypoint is present, MISSING elsewhere."""
    return np.where(keypoints[..., 2] >= MIN_CONFIDENCE, MEASURED, MISSING).astype(np.uint8)


def unswap(
    keypoints: np.ndarray, origin: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Swap left and right back where they were exchanged for up to SWAP_SECONDS.

    Trunk, arms, legs and hands are tested independently. Frames count as exchanged if swapping back fits
    better both at their start, predicted from the frames before, and at their end, predicted from those
    after, and fits better under two predictions, standing still and moving steadily: limbs that pass one
    another move steadily, clapping hands stand still. keypoints: (T, 133, 3) px and confidence, origin:
    (T, 133) uint8; both are copied. Returns keypoints, origin and the count of repaired frames by group.
    """
    keypoints, origin, counts = keypoints.copy(), origin.copy(), {}
    size, longest = _body_size(keypoints, fps), round(SWAP_SECONDS * fps)
    for group, (left, right) in SWAPPED.items():
        sides = keypoints[:, left], keypoints[:, right]
        begins = _exchanged(*sides, size)
        ends = _exchanged(sides[0][::-1], sides[1][::-1], size[::-1])[::-1]
        counts[group], frame = 0, 0
        for first in np.flatnonzero(begins).tolist():
            last = np.flatnonzero(ends[first : first + longest])
            # predicted from within an exchange, the frame after it looks exchanged too
            if first < frame or not len(last):
                continue
            frames = slice(first, first + int(last[0]) + 1)
            keypoints[frames, left + right] = keypoints[frames, right + left]
            seen = keypoints[frames, left + right, 2] > 0
            origin[frames, left + right] = np.where(seen, REPAIRED, MISSING)
            counts[group] += frames.stop - frames.start
            frame = frames.stop + 2
    return keypoints, origin, counts


def seat_hands(
    keypoints: np.ndarray, origin: np.ndarray, wrists: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray, int]:
    """Exchange hands that lie on the other wrist, as after arms were swapped back; remove those on neither.

    Held from there, a hand would float beside its arm for seconds. A hand without its root or its wrist
    stays. keypoints, origin, fps: as in unswap; wrists: (T, 2, 3), left and right, with their gaps filled,
    for a wrist that jumped away may have taken its hand along. Returns both and the number of hands removed.
    """
    keypoints, origin = keypoints.copy(), origin.copy()
    reach = HAND_AWAY * _longest_bone(keypoints, fps)[:, None]
    left, right = SWAPPED["hands"]

    def apart(others: np.ndarray) -> np.ndarray:
        """(T, 2) px from the roots of the hands to wrists, NaN where one is missing."""
        roots = keypoints[:, ROOTS]
        known = (roots[..., 2] > 0) & (others[..., 2] > 0)
        return np.where(known, _distance(roots[..., :2], others[..., :2]), np.nan)

    fits, crossed = apart(wrists) <= reach, apart(wrists[:, ::-1]) <= reach
    frames = np.flatnonzero((crossed & (apart(wrists) > reach)).any(axis=1) & ~fits.any(axis=1))[:, None]
    keypoints[frames, left + right] = keypoints[frames, right + left]
    origin[frames, left + right] = np.where(keypoints[frames, left + right, 2] > 0, REPAIRED, MISSING)
    away = apart(wrists) > reach
    for number, hand in enumerate((left, right)):
        lost = np.flatnonzero(away[:, number])[:, None]
        keypoints[lost, hand], origin[lost, hand] = 0, MISSING
    return keypoints, origin, int(away.sum())


def remove_jumps(
    keypoints: np.ndarray, origin: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray, int]:
    """Remove keypoints that jump away for an eighth of a second and come back, faster than a limb can.

    keypoints, origin, fps: as in unswap. Returns both and the number of keypoints removed.
    """
    keypoints, origin, count = keypoints.copy(), origin.copy(), 0
    size = _body_size(keypoints, fps)[:, None]
    for length in range(1, max(LEAST_JUMP, int(JUMP_SECONDS * fps)) + 1):
        far = max(JUMP_OF_ONE if length == 1 else JUMP, FASTEST_LIMB / fps)
        inside = len(keypoints) - length - 1
        if inside < 1:
            break
        seen = keypoints[..., 2] > 0
        before, after = keypoints[:inside, :, :2], keypoints[length + 1 :, :, :2]
        out = _distance(before, keypoints[1 : 1 + inside, :, :2])
        back = _distance(keypoints[length : length + inside, :, :2], after)
        least = np.maximum(far * size[:inside], JUMP_RATIO * _distance(before, after))
        jump = (np.minimum(out, back) > least) & np.all(
            [seen[step : step + inside] for step in range(length + 2)], axis=0
        )
        for step in range(1, length + 1):
            keypoints[step : step + inside][jump] = 0
            origin[step : step + inside][jump] = MISSING
        count += int(jump.sum()) * length
    return keypoints, origin, count


def fill_gaps(
    keypoints: np.ndarray, origin: np.ndarray, max_gap: int, hidden: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Interpolate each keypoint linearly over at most `max_gap` missing frames between two seen ones.

    hidden: (T,) bool, frames that do not count, because the person is known to be there.

    A face, hand or foot is interpolated relative to its carrier, the head, wrist or ankle, if that is seen,
    so that a hand missing for some frames stays on a fast arm. A filled keypoint is REPAIRED, with half the
    confidence of its less confident neighbour, but never so little that it counts as missing. Longer gaps,
    and gaps at the ends, stay. keypoints, origin: as in unswap. Returns both and the number of keypoints
    filled.
    """
    keypoints, origin, count = keypoints.copy(), origin.copy(), len(keypoints)
    seen = keypoints[..., 2] > 0
    time = np.arange(count)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, time, count)[::-1], axis=0)[::-1]
    counted = np.concatenate([[0], np.cumsum(~hidden)])
    length = counted[np.minimum(after, count)] - counted[np.maximum(before, 0) + 1]
    frame, point = np.nonzero(~seen & (before >= 0) & (after < count) & (length <= max_gap))
    # the body first, because it carries the other parts
    for points, anchors, _ in ((_BODY, [], []), *HELD_PARTS.values()):
        own = np.isin(point, points)
        frames, part = frame[own], point[own]
        left, right = before[frames, part], after[frames, part]
        share = ((frames - left) / np.maximum(right - left, 1))[:, None]
        a, b = keypoints[left, part], keypoints[right, part]
        path = _path(keypoints, anchors)
        # distance of the carrier from its own linear interpolation
        aside = np.nan_to_num(path[frames] - (1 - share) * path[left] - share * path[right])
        keypoints[frames, part, :2] = (1 - share) * a[:, :2] + share * b[:, :2] + aside
        keypoints[frames, part, 2] = np.maximum(INTERPOLATED * np.minimum(a[:, 2], b[:, 2]), MIN_CONFIDENCE)
    origin[frame, point] = REPAIRED
    return keypoints, origin, len(frame)


def hold_parts(
    keypoints: np.ndarray, origin: np.ndarray, fps: Fraction | float
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Move a missing face, hand or foot along with the head, wrist or ankle, as it was last seen; a hand with
    its root on the wrist, a face and a foot turned as far as the body is turned over.

    A part is missing in frames that show none of its keypoints. It is held while its carrier is seen, the
    face only while the same side of the body is seen, because a turned back shows no face. Held keypoints are
    IMPUTED, with a quarter of their last confidence. Before a part is first seen it stays missing, as does a
    missing body. keypoints, origin, fps: as in unswap. Returns both and the frames in which each part is
    held.
    """
    keypoints, origin, counts = keypoints.copy(), origin.copy(), {}
    frames = np.arange(len(keypoints))
    shoulders = keypoints[:, sides_of("shoulder"), 2]
    # near enough to the standing height to tell whether trunk, neck and shanks have a direction
    size = _body_size(keypoints, fps)
    side = np.sign(turned(keypoints, size)) * (shoulders > 0).all(axis=1)
    for part, (points, anchors, joints) in HELD_PARTS.items():
        there = (keypoints[:, points, 2] > 0).any(axis=1)
        last = np.maximum.accumulate(np.where(there, frames, -1))
        away = frames[~there & (last >= 0)]
        then = last[away]
        both = (keypoints[away][:, anchors, 2] > 0) & (keypoints[then][:, anchors, 2] > 0)
        held = both.any(axis=1)
        if part == "face":
            held &= side[away] * side[then] >= 0
        away, then, both = away[held], then[held], both[held][..., None]
        joined = np.where(
            keypoints[then][:, joints, 2:] > 0, keypoints[then][:, joints], keypoints[then][:, anchors]
        )
        moves = (keypoints[away][:, anchors, :2] - joined[..., :2]) * both
        count = np.maximum(both.sum(axis=1), 1)
        shape = keypoints[then][:, points].copy()
        known = shape[..., 2] > 0
        if part in ROLLING:
            roll = rolled(keypoints, size, ROLLING[part])
            around = shape[..., :2] - ((joined[..., :2] * both).sum(axis=1) / count)[:, None]
            shape[..., :2] += upright(around, roll[then] - roll[away]) - around
        shape[..., :2] += (moves.sum(axis=1) / count)[:, None]
        shape[..., 2] = np.maximum(HELD_CONFIDENCE * shape[..., 2], MIN_CONFIDENCE)
        keypoints[np.ix_(away, points)] = np.where(known[..., None], shape, 0)
        origin[np.ix_(away, points)] = np.where(known, IMPUTED, MISSING)
        counts[part] = len(away)
    return keypoints, origin, counts


def _path(keypoints: np.ndarray, anchors: list[int]) -> np.ndarray:
    """(T, 2) mean place of the anchors, NaN where one is missing; zeros without anchors."""
    if not anchors:
        return np.zeros((len(keypoints), 2))
    seen = (keypoints[:, anchors, 2] > 0).all(axis=1, keepdims=True)
    return np.where(seen, keypoints[:, anchors, :2].mean(axis=1), np.nan)


def _exchanged(left: np.ndarray, right: np.ndarray, size: np.ndarray) -> np.ndarray:
    """(T,) bool: whether (T, n, 3) keypoints of two sides fit the two frames before better when swapped."""
    fits = np.zeros(len(left), bool)
    if len(left) < 3:
        return fits
    seen = (left[..., 2] > 0) & (right[..., 2] > 0)
    seen = seen[2:] & seen[1:-1] & seen[:-2]
    here, last, earlier = ([side[frames, :, :2] for side in (left, right)] for frames in _THREE)
    still, steady = last, [2 * b - a for a, b in zip(earlier, last, strict=True)]
    fits[2:] = seen.any(axis=1)
    for expected in (still, steady):
        kept = _mean(_distance(here[0], expected[0]) + _distance(here[1], expected[1]), seen)
        exchanged = _mean(_distance(here[0], expected[1]) + _distance(here[1], expected[0]), seen)
        fits[2:] &= (exchanged < SWAP_RATIO * kept) & (kept - exchanged > SWAP_GAIN * size[2:])
    return fits


_THREE = slice(2, None), slice(1, -1), slice(None, -2)


def _mean(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Mean of (T, n) values over those that count; 0 if none does."""
    return (values * counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a - b, axis=-1)


def _longest_bone(keypoints: np.ndarray, fps: Fraction | float) -> np.ndarray:
    """(T,) px of the longest bone of trunk, arms and thighs in a frame, the median over a second."""
    ends = keypoints[:, _BONES]
    seen = (ends[..., 2] > 0).all(axis=2)
    return _steady_length(np.where(seen, _distance(ends[:, :, 0, :2], ends[:, :, 1, :2]), 0).max(axis=1), fps)


def _body_size(keypoints: np.ndarray, fps: Fraction | float) -> np.ndarray:
    """(T,) diagonal of the box around body and feet, px; over a second, for a jump changes it."""
    return _steady_length(box_diagonals(keypoints), fps)


def _steady_length(lengths: np.ndarray, fps: Fraction | float) -> np.ndarray:
    """The median of (T,) px over a second; 0 is unknown and interpolated, infinite if nothing is known."""
    if not lengths.any():
        return np.full(len(lengths), np.inf, np.float32)
    return median_filter(interpolated(lengths, lengths > 0), 2 * round(fps / 2) + 1, mode="nearest")
