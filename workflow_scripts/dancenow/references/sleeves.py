"""How wide an arm and its sleeve are where nothing else is near, and what of a piece lies beyond.

Cloth of a trunk beside an arm has the colour of its sleeve: where the arm is moved, it would be a flap.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dancenow.references.body_parts import PARTS, SIDES, Figure, bone_distance, distances, grid, grid_step
from dancenow.references.garment import MASKED, MASKS_SEEN

ALONG = np.linspace(0.1, 1.9, 10)  # along an arm: its elbow is at 1, its wrist at 2
FROM_BONES = np.linspace(0.4, 3.2, 15)  # radii of a forearm, from the bones outwards
FREE = 2.15  # radii of all other parts, within which a place may be theirs
FREE_OF_HALF = 1.6  # radii of the arm's other half, the same
LEAST_FREE = 8  # places free of other parts, below which nothing is known of a width
OFTEN_WIDE = 0.25  # share of these that a sleeve must reach
WIDER = 0.5  # radii by which it may be wider in a piece
UNKNOWN_WIDTH = 1e3  # radii, which no piece reaches


def arm_widths(masks: Any, keypoints: np.ndarray, usable: np.ndarray, unit: float) -> np.ndarray:
    """(heights,) float: radii of a forearm up to which masks show an arm beside its bones, at ALONG.

    masks: sequence of (H, W) uint8; keypoints: (T, 133, 3) px; usable: (T,) bool, the frames that count;
    unit: the standing height, px. UNKNOWN_WIDTH where no frame shows an arm apart from everything else.
    """
    seen, shown = np.zeros((2, len(ALONG), len(FROM_BONES)), int)
    frames = np.flatnonzero(usable)
    for index in frames[:: -(-len(frames) // MASKS_SEEN) or 1].tolist():
        mask, figure = masks[index], Figure(keypoints[index], unit)
        away = distances(figure.reaching_out(), (0, 0, *mask.shape[::-1]), grid_step(unit))
        for side in SIDES:
            part = f"{side}_arm"
            if not figure.visible[PARTS.index(part)]:
                continue
            places = _beside(figure, part)
            columns, rows = np.moveaxis(np.rint(places).astype(int), -1, 0)
            inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
            rows, columns = np.where(inside, rows, 0), np.where(inside, columns, 0)
            others = [number for number, other in enumerate(PARTS) if other not in (part, f"{side}_hand")]
            least = away[others].min(axis=0)[rows // grid_step(unit), columns // grid_step(unit)]
            known = inside & (least > FREE) & (_from_other_half(figure, part, places) > FREE_OF_HALF)
            own = np.logical_and.accumulate(mask[rows, columns] > MASKED * 255, axis=-1)
            seen += known.sum(axis=1)
            shown += (known & own).sum(axis=1)
    wide = (seen >= LEAST_FREE) & (shown >= OFTEN_WIDE * seen)
    widths, sure = np.where(wide, FROM_BONES, 0).max(axis=1), wide.any(axis=1)
    return np.interp(ALONG, ALONG[sure], widths[sure]) if sure.any() else np.full(len(ALONG), UNKNOWN_WIDTH)


def beyond_sleeve(
    figure: Figure, part: str, window: Sequence[int], step: int, widths: np.ndarray
) -> np.ndarray:
    """(rows, columns) bool: the places of a window's grid that lie beyond an arm's width.

    window: x, y, w, h px; widths: as from arm_widths.
    """
    xs, ys = grid(window, step)
    bones = figure.bones(part)
    beyond = np.ones(xs.shape, bool)
    for half, (start, end, _) in enumerate(bones):
        along = end - start
        share = ((xs - start[0]) * along[0] + (ys - start[1]) * along[1]) / max(along @ along, 1e-6)
        width = np.interp(half + np.clip(share, 0, 1), ALONG, widths) + WIDER
        beyond &= bone_distance(xs, ys, start, end) > width * bones[1][2]
    return beyond


def _beside(figure: Figure, part: str) -> np.ndarray:
    """(heights, 2, outwards, 2) px: the places at FROM_BONES on both sides of an arm's bones, at ALONG."""
    bones = figure.bones(part)
    start, end = (np.array([bones[int(along)][place] for along in ALONG]) for place in (0, 1))
    bone = end - start
    foot = start + (ALONG % 1)[:, None] * bone
    normal = np.stack([-bone[:, 1], bone[:, 0]], axis=1) / np.maximum(np.hypot(*bone.T), 1e-3)[:, None]
    sides = np.stack([normal, -normal], axis=1)[:, :, None]
    return foot[:, None, None] + FROM_BONES[:, None] * bones[1][2] * sides


def _from_other_half(figure: Figure, part: str, places: np.ndarray) -> np.ndarray:
    """(heights, 2, outwards) radii of a forearm: of places as from _beside from the arm's other bone."""
    bones = figure.bones(part)
    upper, lower = (
        bone_distance(places[..., 0], places[..., 1], start, end) / bones[1][2] for start, end, _ in bones
    )
    return np.where((ALONG >= 1)[:, None, None], upper, lower)
