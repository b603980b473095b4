"""Cut the target's training frames into pieces of parts, and choose those that cover the poses shown."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import Pose, standing_height
from dancenow.pose.masks import holds
from dancenow.references.bank import Bank
from dancenow.references.body_parts import PARTS, Figure, points_of, visible_parts
from dancenow.references.cutting import (
    HEAD_PART,
    TRUNK_PART,
    crop_around,
    cut,
    flaws_of,
    persons_own,
    piece_of,
    speed_of,
    unseen_costs,
)
from dancenow.references.flanks import add_around, around_trunk, flank_widths
from dancenow.references.garment import reach_between_legs
from dancenow.references.likeness import MOST_PIECES, likeness_features, moments_apart, spread_out
from dancenow.references.occlusion import fill
from dancenow.references.shadow import make_shadows
from dancenow.references.sleeves import arm_widths
from dancenow.references.trimming import Crop, PartColours, loose_hair

LOST_COST = 1.0  # cost of one in which a hand hides all of the part, and no other reference shows it
COLOUR_FRAMES = 200  # frames from which the colours of the parts are learnt


def make_bank(
    frames: Any, pose: Pose, masks: Any, background: np.ndarray, count: int, most: int = MOST_PIECES
) -> Bank:
    """The Bank of a target's first `count` frames.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; masks: sequence of (H, W) uint8;
    background: (H, W, 3) uint8, removed from a piece's soft edge; most: references of each part, chosen so
    that they cover the poses shown. InputError if no frame shows a part, or tells the
    standing height, or no mask is the performer's.
    """
    keypoints = pose.keypoints[:count]
    unit = standing_height(keypoints)
    if not np.isfinite(unit):
        raise InputError(
            "no training frame shows a head and a foot, or a trunk; use a clip of the whole body"
        )
    # if pose and mask disagree, one of them is wrong
    usable = np.array([holds(masks[index], points) for index, points in enumerate(keypoints)])
    chosen = _chosen_frames(keypoints, usable, unit, most)
    union = np.unique(np.concatenate(chosen))
    if not usable.any():
        raise InputError(
            "in no training frame do the person's pose and mask agree: the mask shows somebody else, or "
            "nobody (a person who never moves cannot be separated from the background); film one person "
            "alone who moves, choose another performer, or set train.generator.references to false"
        )
    if not len(union):
        raise InputError("no training frame shows a whole part of the body; use a clip of the whole body")

    def crop(index: int) -> Crop:
        return crop_around(frames[index], masks[index], Figure(keypoints[index], unit))

    colours = PartColours()
    for index in union[:: -(-len(union) // COLOUR_FRAMES)].tolist():
        colours.add(crop(index))
    likely = colours.likely()
    reach = reach_between_legs(masks, keypoints, usable, unit)
    widths = flank_widths(masks, keypoints, usable, unit)
    sleeves = arm_widths(masks, keypoints, usable, unit)
    pieces, holes, hair, around = _cut_frames(crop, union, chosen, background, likely, reach, widths, sleeves)
    flaws = [
        flaws_of(
            part,
            [piece[2] for piece in own],
            [Figure(keypoints[moment], unit) for moment in moments],
            speed_of(keypoints, points_of(part), moments) / unit,
            likely,
        )
        for part, own, moments in zip(PARTS, pieces, chosen, strict=True)
    ]
    rows = [np.searchsorted(union, own) for own in chosen]
    alone = moments_apart(pose.fps, count)
    shadows = make_shadows(frames, keypoints, masks, background, usable, unit, alone)
    bank = Bank(unit, union, keypoints[union], rows, flaws, pieces, hair, shadows, reach)
    for number, part in enumerate(PARTS):
        filled, missing = fill(bank, number, holes[number])
        middles = unseen_costs(part, filled, [bank.figures[row] for row in rows[number]])
        bank.pieces[number] = filled
        bank.flaws[number] = bank.flaws[number] + LOST_COST * missing + middles
    add_around(bank, around)
    return bank


def _chosen_frames(keypoints: np.ndarray, usable: np.ndarray, unit: float, most: int) -> list[np.ndarray]:
    """For each of PARTS the (R,) frames, at most `most`, that show it and cover its poses best.

    keypoints: (T, 133, 3) px; usable: (T,) bool; unit: the standing height, px.
    """
    seen, features = visible_parts(keypoints) & usable[:, None], likeness_features(keypoints, unit)
    chosen = []
    for number, part in enumerate(PARTS):
        own = np.flatnonzero(seen[:, number])
        chosen.append(own[spread_out(features[part][own], most)] if len(own) else own)
    return chosen


def _cut_frames(
    crop_of: Callable[[int], Crop],
    frames: np.ndarray,
    chosen: list[np.ndarray],
    background: np.ndarray,
    likely: np.ndarray,
    reach: float,
    widths: np.ndarray,
    sleeves: np.ndarray,
) -> tuple[list[list], list[list], list, list]:
    """The pieces and the holes of each of PARTS, as `cut` yields them, the hair of each head, and what lies
    around each trunk, as from around_trunk.

    crop_of: from a frame's number; frames: (U,) of all that are cut; chosen: as from _chosen_frames.
    """
    pieces, holes = ([[] for _ in PARTS] for _ in range(2))
    hair: list = []
    around: list = []
    for index in frames.tolist():
        crop = crop_of(index)
        wanted = [number for number in range(len(PARTS)) if index in chosen[number]]
        rgba, hanging = persons_own(crop, background), loose_hair(crop, likely)
        if HEAD_PART in wanted:
            hair.append(piece_of(crop, rgba, hanging.astype(np.float32)))
        if TRUNK_PART in wanted:
            around.append(around_trunk(crop, rgba, hanging, widths))
        for number, piece, hole in cut(crop, rgba, wanted, likely, hanging, reach, sleeves):
            pieces[number].append(piece)
            holes[number].append(hole)
    return pieces, holes, hair, around
