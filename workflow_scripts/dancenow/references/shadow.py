"""The person's shadow on the ground, seen in the footage and laid beside the feet in another pose."""

from collections.abc import Sequence

import cv2
import numpy as np

from dancenow.camera.steady_frames import valid_of
from dancenow.keypoints import INDEX, MIN_CONFIDENCE, SIDES, sides_of
from dancenow.pictures import Frames
from dancenow.references.likeness import spread_out

# the ground that is looked at, around the place where the person stands, in standing heights
BESIDE_FEET, ABOVE_FEET, BELOW_FEET = 1.0, 0.3, 0.2
GROUND_CELLS = 40  # of its map, to a standing height
CELL_SAMPLES = 4  # of a cell, in each direction
GROUND_SHAPE = round((ABOVE_FEET + BELOW_FEET) * GROUND_CELLS), round(2 * BESIDE_FEET * GROUND_CELLS)
LEAST_KNOWN = 0.1  # share of the cells, below which a map says nothing
GROUND_EDGE = 4  # cells over which the map ends
MOST_SHADOWS = 100  # of a clip of any length
NEAREST_STANCES = 8  # poses whose shadows are averaged, the more alike the more
AROUND_PERSON = 0.02  # standing heights around the mask that may still be the person
MOST_DARK = 0.7  # share of the light that a shadow takes; what is darker is somebody
NO_SHADOW = 0.02  # less is none
OFF_GROUND = 0.1  # standing heights by which feet are above the ground, whose dancer casts another shadow
FARTHEST = 0.05  # quantile of the target's places in y, px, beyond which a dancer jumps
LOWER_FOOT = 0.02  # standing heights by which the standing foot is lower than the other one
STANCE_JOINTS = [
    INDEX[f"{side}_{joint}"]
    for side in SIDES
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
]
HIP_PAIR, ANKLE_PAIR = sides_of("hip"), sides_of("ankle")


class Shadows:
    """How much light is left around the feet, in the poses in which the footage shows it.

    unit: the standing height, px; frames: (U,) frame numbers; keypoints: (U, 133, 3) their poses; seen,
    behind: (U, *GROUND_SHAPE) float32, sums of light over the ground's cells, without the person's
    own pixels, in the frame and in the background; alone: frames that must lie between two moments, so that
    one does not give away the other. Attribute trust: (*GROUND_SHAPE,) float32 in 0 to 1, how well a cell's
    darkening is told by other moments: what changes by itself (people, leaves, subtitles) is not.
    """

    def __init__(
        self,
        unit: float,
        frames: np.ndarray,
        keypoints: np.ndarray,
        seen: np.ndarray,
        behind: np.ndarray,
        alone: float,
    ) -> None:
        self.unit, self.frames, self.keypoints, self.alone = unit, frames, keypoints, alone
        self.seen, self.behind = seen, behind
        self.stances = _stances(keypoints, unit)
        self.trust = self._trust()
        places = [place for points in keypoints if (place := standing_place(points)) is not None]
        # farther up in the picture than the target ever stood, the feet are in the air
        self.far = float(np.quantile([y for _, y in places], FARTHEST)) if places else 0.0

    def on(
        self,
        background: np.ndarray,
        keypoints: np.ndarray,
        window: Sequence[int],
        number: int | None = None,
    ) -> np.ndarray:
        """A window of the background with the shadow of a pose: (h, w, 3) uint8.

        background: (H, W, 3) uint8; keypoints: (133, 3) px; window: x, y, w, h px; number: the pose's frame
        in the footage itself, about which nothing is learnt from its own moment.
        """
        x, y, width, height = window
        picture = background[y : y + height, x : x + width].copy()
        place = standing_place(keypoints)
        weights = self._weights(keypoints, number) if place is not None else None
        if place is None or weights is None:
            return picture
        dark = _shadow(*self._mean(weights)) * self.trust * self._standing(keypoints)
        scale = self.unit / GROUND_CELLS
        ground = np.array([place[0], max(place[1], self.far)])
        corner = ground - np.array([BESIDE_FEET, ABOVE_FEET]) * self.unit - (x, y)
        left, top = np.clip(np.floor(corner), 0, (width, height)).astype(int)
        end = np.ceil(corner + np.array(GROUND_SHAPE[::-1]) * scale)
        right, bottom = np.clip(end, 0, (width, height)).astype(int)
        if left >= right or top >= bottom:
            return picture
        # the middle of the first cell lies half a cell from the corner
        shift = corner - (left, top) + scale / 2 - 0.5
        there = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        light = 1 - cv2.warpAffine(dark, there, (int(right - left), int(bottom - top)))
        part = picture[top:bottom, left:right]
        part[:] = cv2.multiply(part, cv2.merge([light] * 3), dtype=cv2.CV_8U)  # rounded
        return picture

    def _standing(self, keypoints: np.ndarray) -> float:
        """0 to 1: 1 if the feet are what is lowest, falling to 0 when they are OFF_GROUND above what is."""
        body = keypoints[[INDEX["nose"], *STANCE_JOINTS]]
        lowest = body[body[:, 2] >= MIN_CONFIDENCE, 1].max()
        return float(np.clip(1 - (lowest - keypoints[ANKLE_PAIR, 1].max()) / (OFF_GROUND * self.unit), 0, 1))

    def _weights(self, keypoints: np.ndarray, number: int | None) -> np.ndarray | None:
        """(U,) float32 of sum 1: of the NEAREST_STANCES most similar poses; None if there is none.

        They fall to zero at the next one, so that the mean does not jump when the pose changes.
        """
        apart = ((self.stances - _stances(keypoints[None], self.unit)) ** 2).sum(axis=1)
        if number is not None:
            apart[np.abs(self.frames - number) <= self.alone] = np.inf
        known = np.sort(apart[np.isfinite(apart)])
        if not len(known):
            return None
        limit = 1.0001 * known[min(NEAREST_STANCES, len(known) - 1)] + 1e-9
        weights = np.maximum(0, 1 - apart / limit)
        return (weights / weights.sum()).astype(np.float32)

    def _mean(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = np.flatnonzero(weights)
        seen, behind = (np.tensordot(weights[kept], sums[kept], axes=1) for sums in (self.seen, self.behind))
        return _darkening(seen, behind)

    def _trust(self) -> np.ndarray:
        """The factor, in 0 to 1, that brings each cell's mean darkening nearest to what each moment shows."""
        together, alone = (np.zeros(GROUND_SHAPE, np.float32) for _ in range(2))
        for own, number in enumerate(self.frames.tolist()):
            weights = self._weights(self.keypoints[own], number)
            if weights is None:
                continue
            told, known = self._mean(weights)
            shown, there = _darkening(self.seen[own], self.behind[own])
            both = known & there
            together += both * told * shown
            alone += both * told**2
        together, alone = (cv2.GaussianBlur(sums, (0, 0), 1.0) for sums in (together, alone))
        rows, columns = (np.minimum(np.arange(size), np.arange(size)[::-1]) for size in GROUND_SHAPE)
        edge = np.minimum(1, np.minimum(rows[:, None], columns) / GROUND_EDGE)
        return (edge * np.clip(together / np.maximum(alone, 1e-6), 0, 1)).astype(np.float32)


def standing_place(keypoints: np.ndarray) -> np.ndarray | None:
    """(2,) px: where a pose, (133, 3), stands: between its ankles, nearer to the lower one; None unseen."""
    ankles = keypoints[ANKLE_PAIR]
    if (ankles[:, 2] < MIN_CONFIDENCE).any():
        return None
    height = np.ptp(keypoints[keypoints[:, 2] >= MIN_CONFIDENCE, 1])
    weights = np.exp((ankles[:, 1] - ankles[:, 1].max()) / (LOWER_FOOT * height + 1e-6))
    return weights @ ankles[:, :2] / weights.sum()


def _stances(keypoints: np.ndarray, unit: float) -> np.ndarray:
    """(T, F) float32: the joints of poses, (T, 133, 3), around the hips, in standing heights."""
    points = keypoints[..., :2].astype(np.float32) / np.float32(unit)
    return (points[:, STANCE_JOINTS] - points[:, HIP_PAIR].mean(axis=1, keepdims=True)).reshape(
        len(points), 2 * len(STANCE_JOINTS)
    )


def _darkening(seen: np.ndarray, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of the light that is missing, (*GROUND_SHAPE,) float32, and which cells are known, bool.

    Compared with the median cell, because a whole frame may be lighter or darker than the background.
    """
    known = behind > LEAST_KNOWN * behind.max()
    ratio = np.where(known, seen / np.maximum(behind, 1e-6), 0)
    usual = np.median(ratio[known]) if known.mean() >= LEAST_KNOWN else 0
    if not usual:  # hardly any ground, or a black one
        return np.zeros(GROUND_SHAPE, np.float32), np.zeros(GROUND_SHAPE, bool)
    return np.where(known, 1 - ratio / usual, 0).astype(np.float32), known


def _shadow(dark: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(*GROUND_SHAPE,) float32 in 0 to MOST_DARK, from _darkening; where the person stood, as around."""
    dark = np.clip(dark - NO_SHADOW, 0, MOST_DARK)
    weight = known.astype(np.float32)
    for sigma in (1, 2, 4, 8):
        around = cv2.GaussianBlur(weight, (0, 0), sigma)
        new = (weight == 0) & (around > 0.05)
        dark = np.where(new, cv2.GaussianBlur(dark, (0, 0), sigma) / np.maximum(around, 1e-6), dark)
        weight[new] = 1
    return cv2.GaussianBlur(dark, (0, 0), 0.7)


def make_shadows(
    frames: Frames,
    keypoints: np.ndarray,
    masks: Frames,
    background: np.ndarray,
    usable: np.ndarray,
    unit: float,
    alone: float,
) -> Shadows:
    """The Shadows of a target's training frames.

    frames: of (H, W, 3) uint8 RGB; keypoints: (T, 133, 3) px of the first T of them; masks: of (H, W) uint8;
    background: (H, W, 3) uint8; usable: (T,) bool, frames whose pose and mask agree; unit, alone: as Shadows
    has them.
    """
    chosen = np.flatnonzero((keypoints[:, ANKLE_PAIR, 2] >= MIN_CONFIDENCE).all(axis=1) & usable)
    if len(chosen):
        chosen = chosen[spread_out(_stances(keypoints[chosen], unit), MOST_SHADOWS)]
    behind = cv2.cvtColor(background, cv2.COLOR_RGB2GRAY).astype(np.float32)
    sums = np.zeros((2, len(chosen), *GROUND_SHAPE), np.float32)
    for number, index in enumerate(chosen.tolist()):
        ground, place = _ground(frames, masks[index], index, unit), standing_place(keypoints[index])
        assert place is not None  # both ankles are seen, by the choice above
        light = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        for own, plane in zip(sums, (light, behind), strict=True):
            own[number] = _cells(plane * ground, place, unit)
    return Shadows(unit, chosen, keypoints[chosen], sums[0], sums[1], alone)


def _ground(frames: Frames, mask: np.ndarray, index: int, unit: float) -> np.ndarray:
    """(H, W) float32, 1 where frame `index` shows what is not the person, nor just beside, 0 elsewhere."""
    edge = 2 * max(1, round(AROUND_PERSON * unit)) + 1
    person = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (edge, edge)))
    ground, seen = (person < 64).astype(np.float32), valid_of(frames, index)
    return ground if seen is None else ground * cv2.erode(seen.astype(np.float32), np.ones((3, 3)))


def _cells(plane: np.ndarray, place: np.ndarray, unit: float) -> np.ndarray:
    """(*GROUND_SHAPE,) float32: means of a plane (H, W) over the cells around a place, 0 outside of it."""
    corner, scale = place - np.array([BESIDE_FEET, ABOVE_FEET]) * unit, unit / GROUND_CELLS / CELL_SAMPLES
    there = np.array([[scale, 0, corner[0]], [0, scale, corner[1]]])
    fine = GROUND_SHAPE[1] * CELL_SAMPLES, GROUND_SHAPE[0] * CELL_SAMPLES
    moved = cv2.warpAffine(plane, there, fine, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    return cv2.resize(moved, GROUND_SHAPE[::-1], interpolation=cv2.INTER_AREA)
