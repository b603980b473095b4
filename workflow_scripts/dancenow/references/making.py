"""Cut the target's training frames into pieces of parts, and choose those that cover the poses shown."""

from typing import Any

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import Pose, standing_height
from dancenow.pose.masks import holds
from dancenow.references.bank import Bank
from dancenow.references.body_parts import PARTS, Figure, points_of, visible_parts
from dancenow.references.cutting import HEAD_PART, crop_around, cut, flaws_of, persons_own, piece_of, speed_of
from dancenow.references.garment import reach_between_legs
from dancenow.references.likeness import MOST_PIECES, likeness_features, moments_apart, spread_out
from dancenow.references.occlusion import fill, unseen
from dancenow.references.shadow import make_shadows
from dancenow.references.trimming import PartColours, loose_hair

LOST_COST = 1.0  # cost of one in which a hand hides all of the part, and no other reference shows it
# cost of one that does not show the part's middle at all, beyond what most lack and a share that may be
# missing: what a sleeve covers in a frame with wrong keypoints is cut out of a head; of a blurred foot a mask
# shows little
MIDDLE_COST, HEAD_UNSEEN, PART_UNSEEN = 2.0, 0.2, 0.35
COLOUR_FRAMES = 200  # frames from which the colours of the parts are learnt


def make_bank(
    frames: Any, pose: Pose, masks: Any, background: np.ndarray, count: int, most: int = MOST_PIECES
) -> Bank:
    """The Bank of a target's first `count` frames.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; masks: sequence of (H, W) uint8;
    background: (H, W, 3) uint8, removed from a piece's soft edge; most: references of each part, chosen so
    that they cover the poses shown. InputError if no frame shows a part, or a head and a foot, or no mask
    is the performer's.
    """
    keypoints = pose.keypoints[:count]
    unit = standing_height(keypoints)
    if not np.isfinite(unit):
        raise InputError("no training frame shows a head and a foot; use a clip of the whole body")
    # if pose and mask disagree, one of them is wrong
    usable = np.array([holds(masks[index], points) for index, points in enumerate(keypoints)])
    seen, features = visible_parts(keypoints) & usable[:, None], likeness_features(keypoints, unit)
    chosen = []
    for number, part in enumerate(PARTS):
        own = np.flatnonzero(seen[:, number])
        chosen.append(own[spread_out(features[part][own], most)] if len(own) else own)
    union = np.unique(np.concatenate(chosen))
    if not usable.any():
        raise InputError(
            "in no training frame do the person's pose and mask agree: the mask shows somebody else, or "
            "nobody (a person who never moves cannot be separated from the background); film one person "
            "alone who moves, choose another performer, or set train.generator.references to false"
        )
    if not len(union):
        raise InputError("no training frame shows a whole part of the body; use a clip of the whole body")
    colours = PartColours()
    for index in union[:: -(-len(union) // COLOUR_FRAMES)].tolist():
        colours.add(crop_around(frames[index], masks[index], Figure(keypoints[index], unit)))
    likely = colours.likely()
    reach = reach_between_legs(masks, keypoints, usable, unit)
    pieces, holes = ([[] for _ in PARTS] for _ in range(2))
    hair: list = []
    for index in union.tolist():
        crop = crop_around(frames[index], masks[index], Figure(keypoints[index], unit))
        wanted = [number for number in range(len(PARTS)) if index in chosen[number]]
        rgba, hanging = persons_own(crop, background), loose_hair(crop, likely)
        if HEAD_PART in wanted:
            hair.append(piece_of(crop, rgba, hanging.astype(np.float32)))
        for number, piece, hole in cut(crop, rgba, wanted, likely, hanging, reach):
            pieces[number].append(piece)
            holes[number].append(hole)
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
    for number in range(len(PARTS)):
        bank.pieces[number], missing = fill(bank, number, holes[number])
        bank.flaws[number] = bank.flaws[number] + LOST_COST * missing
    for number, part in enumerate(PARTS):
        if part != "trunk" and len(bank.pieces[number]):
            both = zip(bank.rows[number], bank.pieces[number], strict=True)
            lost = np.array([unseen(bank.figures[row], part, piece) for row, piece in both])
            more = np.maximum(
                lost - np.median(lost) - (HEAD_UNSEEN if number == HEAD_PART else PART_UNSEEN), 0
            )
            bank.flaws[number] = bank.flaws[number] + MIDDLE_COST * more
    return bank
