"""What spans the legs, as a skirt: how far down it reaches, and how a leg's piece takes it along.

No bone carries it: where the legs are wider apart than in a piece, it would split between them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dancenow.keypoints import INDEX, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND, sides_of
from dancenow.references.body_parts import PARTS, SIDES, Figure, grid, grid_step, kind, other_side, shares

MASKS_SEEN = 200  # looked at, evenly over the footage
# of the standing height between the legs' bones, from where on they leave the middle free
LEGS_APART = 0.13
ENOUGH_APART = 8  # with legs so far apart at a height, without which nothing is known there
USUALLY_WHOLE = 0.75  # the share of these in which no gap shows
MASKED = 0.6  # of the mask: the place is the person's
ACROSS_LEGS = np.linspace(0.3, 0.7, 5)  # places between the bones
ALONG_LEGS = np.linspace(0.1, 2, 20)  # along a leg: its knee is at 1, its ankle at 2
# of the standing height, that the person is wider than the bones are apart: trousers and shorts have 0.06 to
# 0.14, skirts 0.16 to 0.2. Hands so near count as part of the width
FLARED, HANDS_NEAR = 0.15, 0.06
HEM_FADE = 0.1  # along a leg, over which its end fades
# of the wanted distance between the legs: a piece with less is drawn along fully, one with as much not at all
WIDE = 0.75
OVER_MIDDLE = 1.0  # radii of a leg: so much farther than nearest a piece reaches over what spans both

_LEG = ("hip", "knee", "ankle")
HANDS_AND_WRISTS = [*sides_of("wrist"), *range(LEFT_HAND.start, RIGHT_HAND.stop)]


def reach_between_legs(masks: Any, keypoints: np.ndarray, usable: np.ndarray, unit: float) -> float:
    """How far down the legs the footage shows no gap between them: 0 hip, 1 knee, 2 ankle.

    Of legs that are never apart, a garment tells that is wider than they are, there or farther down.

    masks: sequence of (H, W) uint8; keypoints: (T, 133, 3) px; usable: (T,) bool, the frames that count;
    unit: the standing height, px.
    """
    legs = np.array([[INDEX[f"{side}_{joint}"] for joint in _LEG] for side in SIDES])
    frames = np.flatnonzero(usable & (keypoints[:, legs.ravel(), 2] >= MIN_CONFIDENCE).all(axis=1))
    filled: list[list[bool]] = [[] for _ in ALONG_LEGS]
    wider: list[list[float]] = [[] for _ in ALONG_LEGS]
    for index in frames[:: -(-len(frames) // MASKS_SEEN) or 1].tolist():
        mask, places = masks[index], _at_heights(keypoints[index, legs, :2])
        across = places[0] + ACROSS_LEGS[:, None, None] * (places[1] - places[0])
        columns, rows = np.moveaxis(np.rint(across).astype(int), -1, 0)
        inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
        whole = (mask[np.where(inside, rows, 0), np.where(inside, columns, 0)] > MASKED * 255).all(axis=0)
        apart = np.hypot(*(places[0] - places[1]).T) / unit
        for height in np.flatnonzero(inside.all(axis=0) & (apart > LEGS_APART)).tolist():
            filled[height].append(bool(whole[height]))
        hands = keypoints[index, HANDS_AND_WRISTS]
        hands = hands[hands[:, 2] >= MIN_CONFIDENCE, 1]
        for height in np.flatnonzero(inside.all(axis=0) & whole).tolist():
            x, y = places[:, height].mean(axis=0)
            if not (np.abs(hands - y) < HANDS_NEAR * unit).any():
                wider[height].append(_width_at(mask[round(y)], round(x)) / unit - apart[height])
    flared = [len(those) >= ENOUGH_APART and np.median(those) > FLARED for those in wider]
    reach = 0.0
    for number, shown in enumerate(filled):
        if len(shown) >= ENOUGH_APART:
            if np.mean(shown) < USUALLY_WHOLE:
                break
            reach = float(ALONG_LEGS[number])
        elif any(flared[number:]):
            reach = float(ALONG_LEGS[number])
    return reach


def _width_at(row: np.ndarray, x: int) -> int:
    """How many px of a mask's row (W,) hang together with the one at x, which is the person's."""
    free = np.flatnonzero(row <= MASKED * 255)
    left, right = free[free < x].max(initial=-1), free[free > x].min(initial=len(row))
    return int(right - left - 1)


def _at_heights(legs: np.ndarray) -> np.ndarray:
    """(2, heights, 2) px: both legs at ALONG_LEGS. legs: (2, 3, 2), hip, knee and ankle."""
    return np.stack(
        [[np.interp(ALONG_LEGS, [0, 1, 2], leg[:, axis]) for axis in (0, 1)] for leg in legs]
    ).swapaxes(1, 2)


def spanning(away: np.ndarray, part: str, figure: Figure, window: Sequence[int], reach: float) -> np.ndarray:
    """(rows, columns): the share of what spans the legs that belongs to a leg's piece; 0 if nothing does.

    It reaches over the middle, because that of another pose may lie there.

    away: as from body_parts.distances, of a window's grid; reach: as from reach_between_legs.
    """
    if reach == 0 or kind(part) != "leg":
        return np.zeros(away.shape[1:], np.float32)
    height = along_leg(figure, part, window)
    wider = away.copy()
    wider[PARTS.index(f"{other_side(part)}_leg")] += OVER_MIDDLE
    return shares(wider)[PARTS.index(part)] * np.clip((reach - height) / HEM_FADE + 1, 0, 1)


def along_leg(figure: Figure, part: str, window: Sequence[int]) -> np.ndarray:
    """(rows, columns) float32: how far down a leg the places of a window's grid are: 0 hip, 2 ankle."""
    xs, ys = grid(window, grid_step(figure.unit))
    thigh, shank = (along_bone(xs, ys, *bone[:2]) for bone in figure.bones(part))
    return np.where(thigh < 1, thigh, 1 + shank)


def along_bone(xs: np.ndarray, ys: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Where on a bone the point nearest to each place lies, 0 to 1: float32 in the shape of xs and ys."""
    along = np.asarray(end - start, np.float32)
    share = (xs - np.float32(start[0])) * along[0] + (ys - np.float32(start[1])) * along[1]
    return np.clip(share / max(float(along @ along), 1e-6), 0, 1)


def drawn_along(
    part: str,
    wanted: Figure,
    given: Figure,
    maps: Sequence[np.ndarray],
    places: tuple[np.ndarray, np.ndarray],
    upper: np.ndarray,
    reach: float,
) -> np.ndarray | float:
    """(h, w, 2) px: what to add to the places of a leg's piece, so that the middle between the legs of one
    Figure comes from the middle between those of the other; 0 if nothing spans them.

    maps: of the leg's two bones; places: x and y (h, w) px; upper: (h, w), the thigh's share; reach: as from
    reach_between_legs.
    """
    sides = part.split("_")[0], other_side(part)
    legs = [INDEX[f"{side}_{joint}"] for side in sides for joint in _LEG]
    if reach == 0 or not (wanted.seen[legs].all() and given.seen[legs].all()):
        return 0.0
    own, other, own_given, other_given = (
        figure.points[legs[start : start + 3]] for figure in (wanted, given) for start in (0, 3)
    )
    moved = np.zeros((*upper.shape, 2), np.float32)
    for bone, share in ((0, upper), (1, 1 - upper)):
        if reach <= bone:
            break
        start, along = own[bone].astype(np.float32), (own[bone + 1] - own[bone]).astype(np.float32)
        height = along_bone(*places, own[bone], own[bone + 1])
        # from this leg's bone to the other's, at this height
        across, across_given = (
            np.float32(b[bone] - a[bone])
            + height[..., None] * np.float32(b[bone + 1] - b[bone] - a[bone + 1] + a[bone])
            for a, b in ((own, other), (own_given, other_given))
        )
        width, given_width = (
            np.maximum(np.hypot(*np.moveaxis(each, -1, 0)), 1e-3) for each in (across, across_given)
        )
        x, y = places[0] - start[0] - height * along[0], places[1] - start[1] - height * along[1]
        inner = np.clip((x * across[..., 0] + y * across[..., 1]) / width**2, 0, 1)
        narrow = np.clip((1 - given_width / width) / (1 - WIDE), 0, 1)
        ends = np.clip((reach - bone - height) / HEM_FADE + 1, 0, 1)
        there = across @ np.float32(maps[bone][:, :2].T)
        moved += (share * inner * narrow * ends)[..., None] * (across_given - there)
    return moved
