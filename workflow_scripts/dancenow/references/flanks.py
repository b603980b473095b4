"""What of a trunk lies beneath its neighbours: its sides behind the arms, the collar under the head.

Cut off where a neighbour begins, it would leave a slit beside an arm that is raised, and a gap under a head
that is held higher than in its piece.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dancenow.references.body_parts import (
    BONE_RADIUS,
    PARTS,
    TRUNK_DEPTH,
    Figure,
    bone_distance,
    grid,
    grid_step,
    kind,
    shares,
)
from dancenow.references.cutting import HEAD_PART, LEAST_WEIGHT, TRUNK_PART, box_of, reaching
from dancenow.references.garment import MASKED, MASKS_SEEN, USUALLY_WHOLE
from dancenow.references.occlusion import covered, fill
from dancenow.references.trimming import Crop

if TYPE_CHECKING:  # bank imports this module
    from dancenow.references.bank import Bank

# radii of the head: so much farther than nearest the trunk reaches under it
UNDER_HEAD = 0.75
ARMS = [number for number, part in enumerate(PARTS) if kind(part) in ("arm", "hand")]
HEIGHTS = np.linspace(0.1, 0.6, 6)  # along the trunk's side, from shoulder to hip
WAIST = 0.75  # the hips below it are as wide as the legs are apart
OUTWARDS = np.linspace(0.1, 1.2, 12)  # radii of the trunk, from its side outwards
FREE_OF_ARMS = 1.7  # radii of an arm: a place so far from its bones is not covered by it
LEAST_SEEN = 5  # masks that show a place without an arm, below which nothing is known there


def flank_widths(masks: Any, keypoints: np.ndarray, usable: np.ndarray, unit: float) -> np.ndarray:
    """(heights,) float: radii by which most masks show the trunk beyond its sides, at HEIGHTS; 0 if unknown.

    masks: sequence of (H, W) uint8; keypoints: (T, 133, 3) px; usable: (T,) bool, the frames that count;
    unit: the standing height, px.
    """
    seen, shown = np.zeros((2, len(HEIGHTS), len(OUTWARDS)), int)
    frames = np.flatnonzero(usable)
    for index in frames[:: -(-len(frames) // MASKS_SEEN) or 1].tolist():
        mask, figure = masks[index], Figure(keypoints[index], unit).reaching_out()
        if not figure.visible[PARTS.index("trunk")]:
            continue
        for side, other in (("left", "right"), ("right", "left")):
            places = _beside(figure, side, other)
            columns, rows = np.moveaxis(np.rint(places).astype(int), -1, 0)
            inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
            known = inside & (_from_arms(figure, places) > FREE_OF_ARMS)
            seen += known
            shown += known & (mask[np.where(inside, rows, 0), np.where(inside, columns, 0)] > MASKED * 255)
    whole = (seen >= LEAST_SEEN) & (shown >= USUALLY_WHOLE * seen)
    widths = np.append(0, OUTWARDS)[np.logical_and.accumulate(whole, axis=1).sum(axis=1)]
    known = seen[:, 0] >= LEAST_SEEN
    return np.interp(HEIGHTS, HEIGHTS[known], widths[known]) if known.any() else np.zeros(len(HEIGHTS))


def trunks_share(away: np.ndarray) -> np.ndarray:
    """(rows, columns) float32: the share of each place that is the trunk's, and of what it reaches under the
    head.

    away: as from body_parts.distances.
    """
    lifted = away.copy()
    lifted[HEAD_PART] += UNDER_HEAD
    return shares(lifted)[TRUNK_PART]


def around_trunk(
    crop: Crop, rgba: np.ndarray, hanging: np.ndarray, widths: np.ndarray
) -> tuple[int, int, np.ndarray, np.ndarray]:
    """What belongs to the trunk of a crop beyond its piece.

    rgba: as from cutting.persons_own; hanging: as from trimming.loose_hair; widths: as from flank_widths.
    Returns x, y, (h, w, 4) uint8 premultiplied RGBA of what lies under the head, and (h, w) uint8, the share
    of each pixel that an arm beside the trunk covers.
    """
    left, top = crop.window[:2]
    own = shares(crop.away)
    from_trunk = crop.away_enlarged(TRUNK_PART)
    collar = reaching(crop, trunks_share(crop.away)) * (reaching(crop, own[TRUNK_PART]) < 1)
    collar = collar * ~((from_trunk > TRUNK_DEPTH) & hanging)
    before = covered(crop.figure, crop.window, crop.step)
    if before is not None:
        collar = collar * (1 - crop.enlarged(before))
    sides = from_trunk - crop.enlarged(_wide(crop.figure, crop.window, widths))
    beside = crop.alpha * crop.enlarged(own[ARMS].sum(axis=0)) * (sides <= TRUNK_DEPTH)
    box = box_of(np.maximum(collar, beside) > LEAST_WEIGHT)
    if box is None:
        return left, top, np.zeros((1, 1, 4), np.uint8), np.zeros((1, 1), np.uint8)
    place = slice(*box[:2]), slice(*box[2:])
    shown = np.rint(rgba[place] * collar[place][..., None]).astype(np.uint8)
    return left + int(box[2]), top + int(box[0]), shown, np.rint(255 * beside[place]).astype(np.uint8)


def add_around(bank: "Bank", around: list[tuple[int, int, np.ndarray, np.ndarray]]) -> None:
    """Complete the trunk's pieces of a bank by what lies around them, what arms cover from similar ones.

    around: for each piece, as from around_trunk.
    """
    pieces, holes = [], []
    for (x, y, piece), (left, top, collar, beside) in zip(bank.pieces[TRUNK_PART], around, strict=True):
        corners = np.array([[x, y], [left, top]])
        ends = corners + [piece.shape[1::-1], collar.shape[1::-1]]
        corner, (width, height) = corners.min(axis=0), ends.max(axis=0) - corners.min(axis=0)
        own, under, hole = (np.zeros((height, width, layers), np.float32) for layers in (4, 4, 1))
        for canvas, layer, (column, line) in zip(
            (own, under, hole),
            (piece, collar, beside[..., None]),
            (corners - corner)[[0, 1, 1]],
            strict=True,
        ):
            canvas[line : line + layer.shape[0], column : column + layer.shape[1]] = layer
        own += under * (1 - own[..., 3:] / 255)
        hole *= 1 - own[..., 3:] / 255
        pieces.append((*corner.tolist(), np.rint(own).astype(np.uint8)))
        holes.append(np.rint(hole[..., 0]).astype(np.uint8))
    bank.pieces[TRUNK_PART] = pieces
    bank.pieces[TRUNK_PART], _ = fill(bank, TRUNK_PART, holes, certain=True)


def _wide(figure: Figure, window: Sequence[int], widths: np.ndarray) -> np.ndarray:
    """(rows, columns) float32: radii by which the trunk is wider than its outline at a window's grid."""
    xs, ys = grid(window, grid_step(figure.unit))
    top, bottom = figure.outline().reshape(2, 2, 2).mean(axis=1)
    along = bottom - top
    height = ((xs - top[0]) * along[0] + (ys - top[1]) * along[1]) / max(along @ along, 1e-6)
    return np.interp(height, [0, *HEIGHTS, WAIST], [0, *widths, 0]).astype(np.float32)


def _beside(figure: Figure, side: str, other: str) -> np.ndarray:
    """(heights, beyond, 2) px: the places beside one side of the trunk."""
    shoulder, hip = figure.joint(f"{side}_shoulder"), figure.joint(f"{side}_hip")
    along = hip - shoulder
    outwards = np.array([-along[1], along[0]]) / max(np.hypot(*along), 1e-3)
    middle = (figure.joint(f"{other}_shoulder") + figure.joint(f"{other}_hip")) / 2
    if outwards @ (shoulder - middle) < 0:
        outwards = -outwards
    radius = BONE_RADIUS["trunk"] * figure.unit
    return shoulder + HEIGHTS[:, None, None] * along + OUTWARDS[:, None] * radius * outwards


def _from_arms(figure: Figure, places: np.ndarray) -> np.ndarray:
    """Radii of an arm by which places (..., 2) px lie beside the bones of arms and hands."""
    away = np.full(places.shape[:-1], np.inf)
    for number, part in enumerate(PARTS):
        if kind(part) in ("arm", "hand") and figure.visible[number]:
            for start, end, _ in figure.bones(part):
                np.minimum(away, bone_distance(places[..., 0], places[..., 1], start, end), out=away)
    return away / (BONE_RADIUS["arm"] * figure.unit)
