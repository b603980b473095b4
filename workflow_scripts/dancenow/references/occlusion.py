"""Find what a hand or an arm covers of another part, and fill the covered pixels.

A piece with a hand in it would show that hand wherever the piece is moved. So the hand is cut out, and the
area behind it is filled from the most similar references.
"""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING

import cv2
import numpy as np

from dancenow.keypoints import INDEX
from dancenow.references.backs import SOLID_FROM, spread
from dancenow.references.body_parts import (
    HANDS,
    HEAD_DEPTH,
    PARTS,
    SIDES,
    Figure,
    bone_distance,
    distances,
    enlarged,
    grid,
    kind,
)
from dancenow.references.likeness import acceptable

if TYPE_CHECKING:  # bank imports cutting, which imports this module
    from dancenow.references.bank import Bank

# parts that a hand can cover; which of two arms is in front is not known
BEHIND_HANDS = tuple(part for part in PARTS if kind(part) not in ("arm", "hand"))
# shares of the standing height. A hand that is blurred or seen edge-on has no keypoints,
# or wrong ones: the covered area then extends this far beyond the wrist
HAND_LENGTH = 0.13
HALF_WIDTH = {"hand": 0.033, "forearm": 0.03, "arm": 0.036}
EDGE = 0.3  # of the half width, over which a hand's edge fades
MIDDLE = 0.75  # of a part's radius: what lies nearer to its bones is its middle
BONE_SAMPLES = 12  # places along a bone where it is looked for the other arm
MOST_TRIES = 8  # number of references used to fill the covered area, the most similar first
VOTES = 3  # of them: beside the part's bones, only what most of so many show belongs to it
# cost of a reference that lacks all of the part itself: the frames beside one with a hand have it there too
PATCHED_COST = 1.0
LEAST_MISSING = 0.1  # of a pixel: a smaller hole is not worth another reference


def covered(figure: Figure, window: Sequence[int], step: int) -> np.ndarray | None:
    """The share of each grid place of a window covered by a hand or forearm, or before the trunk by an arm.

    Returns (rows, columns) float32, 0 to 1; None if no wrist is seen. A hand behind trunk or head covers
    nothing. figure: a references.body_parts.Figure; window: x, y, w, h px.
    """
    away = [
        bone_distance(*grid(window, step), start, end) / (HALF_WIDTH[name] * figure.unit)
        for name, start, end in (*_before_the_body(figure), *_before_the_trunk(figure))
    ]
    return np.clip((1 + EDGE - np.min(away, axis=0)) / EDGE, 0, 1) if away else None


def crossed(figure: Figure, part: str) -> float:
    """The share of an arm's bones, 0 to 1, that the other arm or hand covers, or lies behind: which of two
    arms is in front is not known. Of someone seen from the side, one lies on the other."""
    others = [side for side in SIDES if not part.startswith(side)]
    bones = [(start, end) for start, end, _ in figure.bones(part)]
    along = np.linspace(0, 1, BONE_SAMPLES)[:, None]
    places = np.concatenate([start + along * (end - start) for start, end in bones])
    met = np.zeros(len(places), bool)
    for name, start, end in (*_before_the_body(figure, others), *_arms(figure, others)):
        met |= bone_distance(places[:, 0], places[:, 1], start, end) <= HALF_WIDTH[name] * figure.unit
    return float(met.mean())


def _before_the_body(figure: Figure, sides: Iterable[str] = SIDES) -> Iterator[tuple]:
    for side in sides:
        elbow, wrist = (INDEX[f"{side}_{joint}"] for joint in ("elbow", "wrist"))
        if not (figure.seen[elbow] and figure.seen[wrist]) or any(figure.behind(f"{side}_hand")):
            continue
        start, end = figure.points[elbow], figure.points[wrist]
        along = (end - start) / max(np.hypot(*(end - start)), 1e-3)
        yield "forearm", (start + end) / 2, end
        yield "hand", end, end + HAND_LENGTH * figure.unit * along
        hand = HANDS[side]
        if figure.seen[hand].all():
            yield "hand", end, figure.points[hand].mean(axis=0)


def _arms(figure: Figure, sides: Iterable[str] = SIDES) -> Iterator[tuple]:
    """The bones of arms that are seen and not behind trunk or head; an upper arm from its middle on, because
    near its shoulder it always meets the trunk."""
    for side in sides:
        joints = [INDEX[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist")]
        if figure.seen[joints].all() and not any(figure.behind(f"{side}_arm")):
            shoulder, elbow, wrist = figure.points[joints]
            yield "arm", (shoulder + elbow) / 2, elbow
            yield "arm", elbow, wrist


def _before_the_trunk(figure: Figure) -> Iterator[tuple]:
    """What of the bones of arms lies inside the trunk's outline."""
    if not figure.visible[PARTS.index("trunk")]:
        return
    outline = cv2.convexHull(figure.outline().astype(np.float32))
    for name, start, end in _arms(figure):
        along = start + np.linspace(0, 1, BONE_SAMPLES)[:, None] * (end - start)
        inside = [place for place in along if cv2.pointPolygonTest(outline, place.tolist(), False) >= 0]
        if inside:
            yield name, inside[0], inside[-1]


def bare(figure: Figure) -> Figure:
    """The same Figure without its arms and hands."""
    other = copy(figure)
    other.visible = figure.visible & [kind(part) not in ("arm", "hand") for part in PARTS]
    return other


def unseen(figure: Figure, part: str, piece: tuple) -> float:
    """The share of a part's middle, 0 to 1, that a piece (x, y, (h, w, 4) uint8) does not show; no trunk."""
    bones = [(start, end, MIDDLE * radius) for start, end, radius in figure.bones(part)]
    ends, reach = np.array([bone[:2] for bone in bones]).reshape(-1, 2), max(bone[2] for bone in bones)
    left, top = np.floor(ends.min(axis=0) - reach).astype(int)
    right, bottom = np.ceil(ends.max(axis=0) + reach).astype(int)
    xs, ys = grid((left, top, right - left + 1, bottom - top + 1), 1)
    inside = np.any([bone_distance(xs, ys, *bone[:2]) <= bone[2] for bone in bones], axis=0)
    x, y, rgba = piece
    columns, rows = xs[inside].astype(int) - x, ys[inside].astype(int) - y
    held = (rows >= 0) & (rows < rgba.shape[0]) & (columns >= 0) & (columns < rgba.shape[1])
    return float(1 - (rgba[rows[held], columns[held], 3] >= SOLID_FROM).sum() / max(inside.sum(), 1))


def fill(
    bank: "Bank", number: int, holes: list[np.ndarray | None], certain: bool = False
) -> tuple[list[tuple], np.ndarray]:
    """The pieces of one part of the bank, with the area covered by a hand filled from its other pieces.

    holes: for each piece (h, w) uint8, the share cut out of each pixel, or None; certain: whether all that is
    cut out belongs to the part. Pixels that no other reference shows take the colours around them. Returns
    new pieces, and (R,) the share of each part that no reference shows.
    """
    missing = np.zeros(len(holes))
    if not any(hole is not None for hole in holes):
        return bank.pieces[number], missing
    costs = bank.between(number) + PATCHED_COST * _cut_out(bank.pieces[number], holes)
    filled = []
    for row, ((x, y, piece), hole) in enumerate(zip(bank.pieces[number], holes, strict=True)):
        if hole is not None and hole.any():
            wanted = bank.figures[bank.rows[number][row]]
            order = np.argsort(costs[row], kind="stable")[: MOST_TRIES + 1]
            usable = order[(order != row) & acceptable(PARTS[number], costs[row, order])]
            if certain:  # similar poses lack it too
                usable = usable[:VOTES]
            piece, missing[row] = _filled(bank, number, usable, wanted, (x, y), piece, hole, certain)
        filled.append((x, y, piece))
    return filled, missing


def _cut_out(pieces: Sequence[tuple], holes: Sequence[np.ndarray | None]) -> np.ndarray:
    """(R,) float32: the share of each part that is cut out of its piece. As in `fill`."""
    lost = np.array([0 if hole is None else hole.sum(dtype=np.float64) for hole in holes])
    left = np.array([piece[..., 3].sum(dtype=np.float64) for _, _, piece in pieces])
    return (lost / np.maximum(lost + left, 1)).astype(np.float32)


def _filled(
    bank: "Bank",
    number: int,
    others: np.ndarray,
    wanted: Figure,
    corner: tuple[int, int],
    piece: np.ndarray,
    hole: np.ndarray,
    certain: bool,
) -> tuple[np.ndarray, float]:
    height, width = hole.shape
    window = *corner, width, height
    everywhere = np.ones((-(-height // bank.step), -(-width // bank.step)), np.float32)

    def moved(other: int) -> np.ndarray:
        placed = bank.move(number, other, wanted, everywhere, window)
        assert placed is not None  # the whole window is wanted
        return placed[1]

    # a hand beside a part leaves nothing missing: only what lies close to the bones counts
    away = enlarged(distances(bare(wanted), window, bank.step)[number], bank.step, width, height)
    inside = (away <= (HEAD_DEPTH if PARTS[number] == "head" else 1)) | (certain & (hole > 0))
    first = [moved(other) for other in others[:VOTES].tolist()]
    usual = np.median([picture[..., 3] for picture in first], axis=0) / 255 if first else 0.0
    missing = hole.astype(np.float32) / 255 * np.maximum(usual, inside)
    result = piece.astype(np.float32)
    for place, other in enumerate(others.tolist()):
        if missing.max() < LEAST_MISSING:
            break
        picture = first[place] if place < VOTES else moved(other)
        result += picture * missing[..., None]
        missing *= 1 - picture[..., 3] / 255
    share = float(missing[inside].sum() / max(inside.sum(), 1))
    result = np.clip(np.rint(result), 0, 255).astype(np.uint8)
    # in a hole the background would show: the colours around it are nearer to the truth
    lost = (missing >= LEAST_MISSING) & inside
    known = (missing < LEAST_MISSING) & (result[..., 3] >= SOLID_FROM)
    if known.any():
        shown = np.minimum(result[..., 3] + np.rint(255 * missing), 255)
        result[..., 3] = np.where(lost, shown, result[..., 3])
        result = spread(result, known, lost, bank.unit)
    return result, share
