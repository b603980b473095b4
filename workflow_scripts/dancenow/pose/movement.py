"""Where a clip moves most, beside the camera, and whether a skeleton accounts for it."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from dancenow.camera.tracker import ShotTracker
from dancenow.keypoints import COUNT, FACE, INDEX, MIN_CONFIDENCE, SIDES, TRUNK_CORNERS
from dancenow.pictures import Frames

LAG_SECONDS = 0.1  # between the pictures that are compared
SMALL = 256  # px: long edge of the pictures that are compared; noise and finer texture do not count
JOINED = 0.02  # of the long edge: parts that move nearer to each other than this are one mover's
QUIET, LOUD = 6, 46  # levels: less is noise, more is no more movement
FAINT_SHARE = 0.25  # of the strongest movement: less does not belong to the region
LEAST_STRENGTH = 3.0  # levels, of the strongest movement; below it nothing moves
CORNER_NOISE = 0.4  # px: a map that moves the picture's corners by less is the identity

MOVING_LIMBS = [
    (INDEX[f"{side}_{a}"], INDEX[f"{side}_{b}"])
    for side in SIDES
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]
# with the shoulders
NEAR_HEAD = np.isin(np.arange(COUNT), [*range(INDEX["left_elbow"]), *range(COUNT)[FACE]])
LEAST_CORE = 3  # points
THICKNESS = 0.25  # of the trunk's length: a limb is as thick

UNACCOUNTED = 0.15  # share of the movement on a skeleton: less is not that person's
ACCOUNTED = 0.25  # and so much must be on that of a person who is looked for there
MOSTLY = 0.5  # share of a shot's frames


@dataclass(frozen=True)
class Region:
    """What moves most in a frame: mask (H, W) bool, and energy (H, W) float32 levels, 0 outside it."""

    mask: np.ndarray
    energy: np.ndarray

    def middle(self) -> tuple[float, float]:
        """x, y px: of the box around it."""
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        return float(columns[0] + columns[-1]) / 2, float(rows[0] + rows[-1]) / 2

    def diagonal(self) -> float:
        """px: of that box."""
        sides = [np.ptp(np.flatnonzero(self.mask.any(axis=axis))) for axis in (0, 1)]
        return float(np.hypot(float(sides[0]), float(sides[1])))


def moving_regions(
    frames: Frames, shot: range, fps: float, outside: Callable[[int], np.ndarray], every: int = 1
) -> Iterator[tuple[int, Region | None]]:
    """Yield (index, its Region, or None where nothing moves or the camera is lost) for a shot's frames.

    frames: a FrameStore, or any sequence of (H, W, 3) uint8 RGB; shot: their indices; outside: gives (H, W)
    uint8 for an index, 255 where nobody was found; every: look at only each `every`th frame.
    A frame is compared with those LAG_SECONDS before and behind it, moved as the camera moved. What differs
    from both moved in this frame.
    """
    lag = max(1, round(LAG_SECONDS * fps / every))
    tracker, window = ShotTracker(fps / every), deque(maxlen=2 * lag + 1)
    indices = shot[::every]
    for ahead in range(len(indices) + lag):
        if ahead < len(indices):
            index = indices[ahead]
            frame = frames[index]
            picture = _small(frame)
            grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
            move, _ = tracker.add(grey, partial(_free, outside, index))
            window.append((index, picture, move))
        else:
            window.append(None)
        if ahead < lag:
            continue
        here = len(window) - 1 - lag
        index, picture, move = window[here]
        others = [window[place] for place in (here - lag, here + lag) if 0 <= place < len(window)]
        known = [other[1:] for other in others if other is not None and other[2] is not None]
        if move is None or not known:
            yield index, None
        else:
            changes = [_change(picture, move, *other) for other in known]
            yield index, _region(np.minimum.reduce(changes), frame.shape)


def accounts(region: Region, keypoints: np.ndarray) -> tuple[float, float]:
    """(share of a (133, 3) skeleton that lies in the region, share of its energy on the skeleton)."""
    body = _silhouette(keypoints, region.mask.shape)
    return (
        float((body & region.mask).sum() / max(body.sum(), 1)),
        float(region.energy[body].sum() / region.energy.sum()),
    )


def unaccounted(
    frames: Frames,
    people: Sequence[np.ndarray],
    shot: range,
    fps: float,
    outside: Callable[[int], np.ndarray],
) -> Iterator[tuple[int, Region]]:
    """Yield (index, Region) of the frames of a shot in which nobody who was found moves most.

    people: (P, 133, 3) of each frame of the clip; other arguments as in moving_regions. Nothing unless such
    frames are the rule: a first pass looks at ten frames a second.
    """

    def most(index: int, region: Region) -> float:
        return max((accounts(region, person)[1] for person in people[index]), default=0.0)

    every = max(1, round(LAG_SECONDS * fps))
    looks = moving_regions(frames, shot, fps, outside, every)
    strangers = [most(index, region) < UNACCOUNTED for index, region in looks if region is not None]
    if strangers and np.mean(strangers) > MOSTLY:
        for index, region in moving_regions(frames, shot, fps, outside):
            if region is not None and most(index, region) < ACCOUNTED:
                yield index, region


def _change(picture: np.ndarray, move: np.ndarray, other: np.ndarray, there: np.ndarray) -> np.ndarray:
    """(H, W) float32 levels between two pictures, the other one seen from the first one's place."""
    height, width = picture.shape[:2]
    view = np.linalg.inv(move) @ there
    corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)], float)
    seen = corners @ view.T
    if np.abs(seen[:, :2] / seen[:, 2:] - corners[:, :2]).max() > CORNER_NOISE:
        # what the other picture does not show counts as unchanged
        other = cv2.warpPerspective(
            other, view, (width, height), dst=picture.copy(), borderMode=cv2.BORDER_TRANSPARENT
        )
    return cv2.absdiff(picture, other).max(axis=-1).astype(np.float32)


def _small(picture: np.ndarray) -> np.ndarray:
    """A (H, W, ...) picture at SMALL px, if it is larger."""
    scale = min(1.0, SMALL / max(picture.shape[:2]))
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _free(outside: Callable[[int], np.ndarray], index: int) -> np.ndarray:
    return _small(outside(index))


def _region(change: np.ndarray, shape: tuple[int, ...]) -> Region | None:
    """The part of a (h, w) change that holds most of it, in a picture of `shape`."""
    energy = np.clip(change - QUIET, 0, LOUD - QUIET)
    strength = cv2.GaussianBlur(energy, (0, 0), JOINED * max(energy.shape))
    if strength.max() < LEAST_STRENGTH:
        return None
    count, labels = cv2.connectedComponents((strength > FAINT_SHARE * strength.max()).astype(np.uint8))
    energies = np.bincount(labels.ravel(), energy.ravel(), count)
    mask = (labels == 1 + energies[1:].argmax()).astype(np.float32)
    mask, energy = (cv2.resize(each, shape[1::-1]) for each in (mask, energy))
    mask = mask > 0.5
    return Region(mask, np.where(mask, energy, 0))


def _silhouette(keypoints: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) bool, where limbs and trunk of a (133, 3) skeleton are; in close-ups head and shoulders."""
    mask, points = np.zeros(shape, np.uint8), keypoints[:, :2].round().astype(np.int32)
    seen = keypoints[:, 2] >= MIN_CONFIDENCE
    core = TRUNK_CORNERS if seen[TRUNK_CORNERS].all() else np.flatnonzero(seen & NEAR_HEAD)
    if len(core) < LEAST_CORE:
        return mask.astype(bool)
    if seen[TRUNK_CORNERS].all():
        trunk = keypoints[TRUNK_CORNERS, :2]
        thick = THICKNESS * np.linalg.norm(trunk[:2].mean(axis=0) - trunk[2:].mean(axis=0))
        for start, end in MOVING_LIMBS:
            if seen[start] and seen[end]:
                cv2.line(mask, points[start].tolist(), points[end].tolist(), 1, max(1, round(thick)))
    cv2.fillConvexPoly(mask, cv2.convexHull(points[core]), 1)
    return mask.astype(bool)
