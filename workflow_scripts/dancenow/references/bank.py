"""Pieces of a target's frames, the choice among them, and the picture of a pose that is composed of them."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import reduce

import cv2
import numpy as np

from dancenow.pose.facing import turned
from dancenow.references.backs import (
    MIRRORED_COST,
    UNSEEN_COST,
    mirrored,
    mirrored_piece,
    without_face,
    without_print,
)
from dancenow.references.body_parts import (
    NO_SHARE,
    PARTS,
    Figure,
    bone_distance,
    distances,
    enlarged,
    grid,
    grid_step,
    kind,
    shares,
    visible_parts,
)
from dancenow.references.choice import CHANGE_COST, CHANGE_RATE, Choice, cheapest_path, faded
from dancenow.references.cutting import (
    HEAD_PART,
    LEAST_WEIGHT,
    REACHES,
    TRUNK_PART,
    box_of,
)
from dancenow.references.flanks import trunks_share
from dancenow.references.garment import drawn_along
from dancenow.references.likeness import (
    TWO_SIDED,
    acceptable,
    likeness_features,
    side_of,
    sideways,
    unlikeness,
)
from dancenow.references.shadow import Shadows
from dancenow.references.warps import bent, part_maps

BLEND = 4.0  # of a limb's two bones at its joint, per radius of the second
# radii from the joint up to which its bones blend, of a folded limb and of a straight one, and over which it
# ends: beside a folded elbow both are about as near, and what is turned by half would show the arm as a fin;
# a joint that bends unlike the reference's counts as folded
FOLDED, STRAIGHT, JOINT_FADE = 0.5, 3.0, 0.5
PARTING = 0.23  # from one half: a share by which a place is neither bone's
# difference of shares from which a pixel of one half of a limb is not shown in the other, and below it
OTHER_HALF, HALF_FADE = 0.7, 0.3
SEEN_APART = 0.03  # of the height: references that differ over so much are seen as two
MIXABLE = 48.0  # of 255: difference over it up to which references are mixed; at twice as much they are not
CUBIC = cv2.INTER_CUBIC  # linear interpolation takes a third of what is sharp inside the person


class Bank:
    """References of each part: pieces of frames, with the pose that each was cut from.

    unit: standing height, px; frames: (U,) frame numbers in the footage; keypoints: (U, 133, 3) their poses;
    rows: for each of PARTS (R,) indices into `frames`; flaws: for each (R,) costs of bad references, in units
    of likeness; pieces: for each R of (x, y, (h, w, 4) uint8 premultiplied RGBA); hair: the same for the
    head's references, what hangs from the head beyond its own piece; shadows: of the same person; reach: how
    far down something spans the legs, as from garment.reach_between_legs.
    """

    def __init__(
        self,
        unit: float,
        frames: np.ndarray,
        keypoints: np.ndarray,
        rows: list[np.ndarray],
        flaws: list[np.ndarray],
        pieces: list[list],
        hair: list,
        shadows: Shadows,
        reach: float,
    ) -> None:
        self.unit, self.frames, self.keypoints = unit, frames, keypoints
        self.rows, self.flaws, self.pieces, self.hair = rows, flaws, pieces, hair
        self.shadows, self.reach = shadows, reach
        self.step = grid_step(unit)
        both = np.concatenate([keypoints, mirrored(keypoints)])
        self.figures = [Figure(points, unit) for points in both]
        features = likeness_features(both, unit)
        # of each part's references, then of the same mirrored
        self.features, self.turns = [], []
        for part, own in zip(PARTS, rows, strict=True):
            own = np.concatenate([own, own + len(keypoints)])
            self.features.append(features[part][own])
            self.turns.append(turned(both, unit, part)[own])
        self._made: dict[tuple[int, int], tuple] = {}

    def costs(self, keypoints: np.ndarray) -> Iterator[np.ndarray]:
        """Yield for each part (T, 2 R) float32: distance of each reference, and of each mirrored one, from
        driving poses (T, 133, 3)."""
        features = likeness_features(keypoints, self.unit)
        for number, part in enumerate(PARTS):
            turns, own = turned(keypoints, self.unit, part), self.flaws[number].astype(np.float32)
            cost = unlikeness(part, features[part], self.features[number], turns, self.turns[number])
            more = np.float32(MIRRORED_COST + UNSEEN_COST * (part in TWO_SIDED))
            if part in TWO_SIDED:
                cost += more * sideways(turns, self.turns[number])
            yield cost + np.concatenate([own, own + more])

    def between(self, number: int) -> np.ndarray:
        """(R, R) float32: the distances between a part's references, plus the flaws of the second."""
        count = len(self.rows[number])
        features, turns = self.features[number][:count], self.turns[number][:count]
        apart = unlikeness(PARTS[number], features, features, turns, turns)
        return apart + self.flaws[number].astype(np.float32)

    def reference(self, number: int, reference: int) -> tuple[tuple, Figure]:
        """A part's reference: its piece and its Figure. From R on they are mirrored: a limb as it is, of head
        and trunk the outline in the colours of hair and cloth."""
        count = len(self.rows[number])
        row = self.rows[number][reference % count]
        piece = self.pieces[number][reference % count]
        if reference < count:
            return piece, self.figures[row]
        if (number, reference) not in self._made:
            if number == HEAD_PART:
                piece = *piece[:2], without_face(piece, self.keypoints[row], self.unit)
            elif number == TRUNK_PART:
                piece = *piece[:2], without_print(piece[2], self.unit)
            self._made[number, reference] = mirrored_piece(piece)
        return self._made[number, reference], self.figures[len(self.keypoints) + row]

    def paths(
        self, keypoints: np.ndarray, cuts: Iterable[int] = (), fps: Fraction | float = CHANGE_RATE
    ) -> np.ndarray:
        """(T, parts) int16: the reference of each part in each frame of a clip, -1 for none, mirrored ones
        from R on, as of `reference`.

        keypoints: (T, 133, 3) px; cuts: as in dancenow.video.cuts; fps: of the clip.
        """
        starts = np.isin(np.arange(len(keypoints)), list(cuts))
        seen = visible_parts(keypoints)
        chosen = np.full(seen.shape, -1, np.int16)
        for number, cost in enumerate(self.costs(keypoints)):
            if cost.shape[1]:
                path = cheapest_path(cost, starts, CHANGE_COST * float(fps) / CHANGE_RATE)
                usable = seen[:, number] & acceptable(PARTS[number], cost[np.arange(len(path)), path])
                chosen[:, number] = np.where(usable, path, -1)
        return chosen

    def choose(
        self, keypoints: np.ndarray, cuts: Iterable[int] = (), fps: Fraction | float = CHANGE_RATE
    ) -> Choice:
        """The references of a clip: the `paths`, each reference giving way to the next smoothly."""
        cuts = list(cuts)
        chosen = self.paths(keypoints, cuts, fps)
        shown = [np.append(side_of(turns), 0) for turns in self.turns]  # the last for none
        sides = np.stack([side[path] for side, path in zip(shown, chosen.T, strict=True)], axis=1)
        return faded(chosen, sides, cuts, fps)

    def picture(
        self,
        keypoints: np.ndarray,
        chosen: np.ndarray,
        window: Sequence[int],
        mixed: np.ndarray | None = None,
    ) -> np.ndarray:
        """The picture of a pose in a window from chosen references: (h, w, 4) uint8, premultiplied RGB and
        validity.

        keypoints: (133, 3) px; chosen: (parts,) int, or (parts, K) of a Choice with its shares in `mixed`; -1
        for none; window: x, y, w, h px.
        """
        _, _, width, height = window
        if mixed is None:
            chosen, mixed = chosen[:, None], np.ones((len(chosen), 1), np.float32)
        wanted = Figure(keypoints, self.unit)
        away = distances(wanted, window, self.step, NO_SHARE)
        weights = shares(away)
        picture, levels = (np.zeros((height, width, 4), each) for each in (np.float32, np.uint8))
        behind: list[tuple | None] = []
        touched: list[tuple[slice, slice]] = []
        for number in np.flatnonzero(wanted.visible & (chosen[:, 0] >= 0)).tolist():
            weight = weights[number]
            if number == TRUNK_PART:  # it is moved whole, since it lies behind the parts too
                weight = np.minimum(1, REACHES * trunks_share(away))
                before = weights[number] / np.maximum(weight, LEAST_WEIGHT)
            placed = self._mixed(number, chosen[number], mixed[number], wanted, weight, window)
            if placed is None:
                continue
            (rows, columns), moved = placed
            touched.append((rows, columns))
            if number == TRUNK_PART:
                behind.append(placed)
                moved = times(moved, self._fine(before, rows, columns))
            picture[rows, columns] += moved
        if wanted.visible[HEAD_PART] and chosen[HEAD_PART, 0] >= 0:
            behind.append(self._hair_moved(int(chosen[HEAD_PART, 0]), wanted, window))
        # whole trunk and hair fill the parts' cuts; whether hair hangs before a part, that part's piece shows
        for placed in filter(None, behind):
            (rows, columns), moved = placed
            touched.append((rows, columns))
            picture[rows, columns] += times(moved, np.clip(1 - picture[rows, columns, 3] / 255, 0, 1))
        if touched:  # the rest of a large window is left alone
            around = _around(touched)
            whole = cv2.add(picture[around], 0, dtype=cv2.CV_8U)  # rounded, from 0 to 255
            # where an edge rings, a colour may exceed its validity
            levels[around] = cv2.min(whole, cv2.merge([cv2.extractChannel(whole, 3)] * 4))
        return levels

    def _mixed(
        self,
        number: int,
        references: np.ndarray,
        mixed: np.ndarray,
        wanted: Figure,
        weight: np.ndarray,
        window: Sequence[int],
    ) -> tuple | None:
        """A part's first reference as `move` gives it, with a share of the others where they look the same.

        references, mixed: (K,). Where they do not, as in a fast turn, two shapes would show.
        """
        placed = self.move(number, int(references[0]), wanted, weight, window)
        if placed is None:
            return None
        place, first = placed
        size = int(SEEN_APART * self.unit) | 1
        total = first
        for reference, share in zip(references[1:].tolist(), mixed[1:].tolist(), strict=True):
            if reference >= 0:
                other = self.move(number, reference, wanted, weight, window)
                assert other is not None  # the same places as of the first
                change = other[1] - first
                apart = reduce(cv2.max, cv2.split(np.abs(cv2.blur(change, (size, size)))))
                total = total + times(change, np.clip(2 - apart / MIXABLE, 0, 1) * share)
        return place, total

    def _fine(self, weight: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """(h, w) float32: a weight on the window's grid at every pixel of rows and columns."""
        part = weight[rows.start // self.step :, columns.start // self.step :]
        size = columns.stop - columns.start, rows.stop - rows.start
        part = part[: -(-size[1] // self.step), : -(-size[0] // self.step)]
        return enlarged(np.ascontiguousarray(part), self.step, *size)

    def _hair_moved(self, reference: int, wanted: Figure, window: Sequence[int]) -> tuple | None:
        """The hair of a head's reference as `move` gives a part."""
        count = len(self.hair)
        px, py, rgba = hair = self.hair[reference % count]
        if not rgba.any():
            return None
        if reference >= count:
            px, py, rgba = mirrored_piece(hair)
        (there,) = part_maps("head", wanted, self.reference(HEAD_PART, reference)[1])
        there[:, 2] += there[:, :2] @ window[:2] - (px, py)
        h, w = rgba.shape[:2]
        here = cv2.invertAffineTransform(there)
        corners = np.array([[-1, -1, 1], [w, -1, 1], [-1, h, 1], [w, h, 1]]) @ here.T
        left, top = np.clip(np.floor(corners.min(axis=0)), 0, window[2:]).astype(int).tolist()
        right, bottom = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, window[2:]).astype(int).tolist()
        if right <= left or bottom <= top:
            return None
        there[:, 2] += there[:, :2] @ (left, top)
        moved = cv2.warpAffine(rgba, there, (right - left, bottom - top), flags=CUBIC | cv2.WARP_INVERSE_MAP)
        return (slice(top, bottom), slice(left, right)), moved.astype(np.float32)

    def move(
        self, number: int, reference: int, wanted: Figure, weight: np.ndarray, window: Sequence[int]
    ) -> tuple | None:
        """One part moved to its place: ((rows, columns) of the window, (h, w, 4) float32), None if outside.

        wanted: the Figure to move it to; weight: as from `shares`, on the window's grid.
        """
        part, (x, y, width, height) = PARTS[number], window
        box = box_of(weight > LEAST_WEIGHT)
        if box is None:
            return None
        # weights are interpolated to the next place of the grid: cut off before, a bright line shows there
        top, left = max(box[0] - 1, 0), max(box[2] - 1, 0)
        bottom, right = min(box[1] + 1, weight.shape[0]), min(box[3] + 1, weight.shape[1])
        step = self.step
        rows = slice(top * step, min(height, bottom * step))
        columns = slice(left * step, min(width, right * step))
        size = columns.stop - columns.start, rows.stop - rows.start
        corner = x + columns.start, y + rows.start
        (px, py, rgba), given = self.reference(number, reference)
        maps = part_maps(part, wanted, given)
        if len(maps) == 1:
            there = maps[0].copy()
            there[:, 2] += there[:, :2] @ corner - (px, py)
            moved = cv2.warpAffine(rgba, there, size, flags=CUBIC | cv2.WARP_INVERSE_MAP)
        else:
            xs, ys = (axis[: bottom - top, : right - left] for axis in grid((*corner, *size), step))
            bones = wanted.bones(part)
            upper = upper_share(bones, xs, ys)
            turned_by, outside = parted(bones, maps, upper, xs, ys)
            there = bent(maps, bones[0][1], turned_by, xs, ys)
            if kind(part) == "leg":
                there += drawn_along(part, wanted, given, maps, (xs, ys), turned_by, self.reach)
            # of a folded arm that opens, the sleeve would be shown again beside the hand
            apart = np.abs(upper_share(given.bones(part), there[..., 0], there[..., 1]) - upper)
            weight = weight.copy()
            weight[top:bottom, left:right] *= np.clip((OTHER_HALF - apart) / HALF_FADE, 0, 1) * ~outside
            there -= px, py
            there = enlarged(there.astype(np.float32), step, *size)
            moved = cv2.remap(rgba, there, None, CUBIC)
        return (rows, columns), times(moved, self._fine(weight, rows, columns))


def _around(places: list[tuple[slice, slice]]) -> tuple[slice, slice]:
    """The rows and columns that hold all of several places of a window."""
    rows, columns = (
        slice(min(axis.start for axis in axes), max(axis.stop for axis in axes))
        for axes in zip(*places, strict=True)
    )
    return rows, columns


def upper_share(bones: Sequence[tuple], xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """The share of each place, in the shape of xs and ys, that belongs to the first of a limb's two bones."""
    # in one unit: with its own larger radius, a thigh would claim all beyond a bent knee
    first, second = (bone_distance(xs, ys, start, end) / bones[1][2] for start, end, _ in bones)
    return 1 / (1 + np.exp(np.clip(BLEND * (first - second), -30, 30)))


def parted(
    bones: Sequence[tuple], maps: Sequence[np.ndarray], upper: np.ndarray, xs: np.ndarray, ys: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays in the shape of xs and ys: the share of each place that moves with the first of a limb's two
    bones, and whether it lies outside of the limb's bend, where the two part and nothing is shown.

    maps: of the two bones, to px of the reference; upper: as from upper_share.
    """
    (start, joint, _), (_, end, radius) = bones
    back, on = ((tip - joint) / max(np.hypot(*(tip - joint)), 1e-3) for tip in (start, end))
    (u, v), (s, t) = ((each[0, 0] + each[1, 1], each[1, 0] - each[0, 1]) for each in maps)
    alike = (u * s + v * t) / max(np.hypot(u, v) * np.hypot(s, t), 1e-6)
    fold = max(1 + float(back @ on), 1 - alike) / 2
    reach = STRAIGHT + fold * (FOLDED - STRAIGHT)
    far = np.clip((bone_distance(xs, ys, joint, joint) / radius - reach) / JOINT_FADE, 0, 1)
    inwards = (xs - joint[0]) * (back + on)[0] + (ys - joint[1]) * (back + on)[1]
    outside = (far == 1) & (inwards < 0) & (np.abs(upper - 0.5) < PARTING)
    return upper + far * ((upper > 0.5) - upper), outside


def times(picture: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(h, w, 4) float32: a picture (h, w, 4) times a weight (h, w) float32.

    By OpenCV, because numpy takes five times as long where the last axis is short.
    """
    return cv2.multiply(picture, cv2.merge([weight] * picture.shape[2]), dtype=cv2.CV_32F)


class ChosenReferences:
    """The picture of the references chosen for a frame of a clip, in a window.

    bank: a Bank; keypoints: (T, 133, 3) px of the clip; chosen: as from Bank.choose.
    """

    def __init__(self, bank: Bank, keypoints: np.ndarray, chosen: Choice) -> None:
        self.bank, self.keypoints, self.chosen = bank, keypoints, chosen

    def __call__(self, index: int, window: Sequence[int]) -> np.ndarray:
        """(h, w, 4) uint8, as from Bank.picture."""
        references, shares = (each[index] for each in self.chosen)
        return self.bank.picture(self.keypoints[index], references, window, shares)

    def behind(self, index: int, background: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the background, of that shape, with the shadow of the person in frame `index`."""
        height, width = background.shape[:2]
        return self.bank.shadows.on(background, self.keypoints[index], (0, 0, width, height))
