"""A clip's CameraPath, from its frames and where people are in them."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import median_filter

from dancenow.camera.outside import Outside
from dancenow.camera.path import MOVING, SHAKING, STILL, UNKNOWN, CameraPath, moved_points, save_path
from dancenow.camera.takes import lay_over
from dancenow.camera.tracker import ShotTracker
from dancenow.keypoints import People, load_people
from dancenow.pictures import Frames
from dancenow.video.cuts import segments
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

KNOWN = 0.5  # share of a shot's frames whose map must be known, or nothing is told of the shot
USUAL = 0.98  # quantile over the frames, so that a bump against the tripod makes no hand of it
LEVEL_WEIGHT = 10.0  # of a lean, beside the way of the picture's corners, when the usual framing is chosen
# of the long edge, by which the picture's corners lie elsewhere than in the usual framing
LEAST_MOTION = 0.002  # 1 px of 512: below it, a tripod
LEAST_WAY = 0.02  # of the way that is left when shake is taken out
SHAKE_SECONDS = 1.0  # shake is what a median over this time takes out
BEYOND = 1.5  # frame sizes outside the usual framing, at most: as far an extent reaches


def find_path(frames: Frames, people: People, cuts: Sequence[int]) -> CameraPath:
    """The CameraPath of a clip.

    frames: a FrameStore, or any sequence of (H, W, 3) uint8 RGB; people: People found in them; cuts: as in
    dancenow.video.cuts. Frames are read once, in order, and once more at each cut; none is kept beside a few
    key frames. A cut that changes only the framing begins no shot. Warns of shots of which nothing can be
    told; these count as still.
    """
    outside, size, shots = Outside(people), (people.width, people.height), []
    for first, stop in segments(people.count, cuts):
        maps, known = _follow_shot(frames, outside, first, stop)
        maps, kind = settle(maps, known, size, float(people.fps))
        if kind in (STILL, UNKNOWN):
            known = np.full(stop - first, float(kind == STILL))
        if kind == UNKNOWN:
            log.warning(
                "warning: frames %d to %d show too few corners beside people to tell how the camera moves; "
                "it counts as still, and if it is not, its movement is taken for the dancer's",
                first,
                stop - 1,
            )
        shots.append(_Shot(first, maps, known, kind))
    shots = _joined(shots, frames, outside, size)
    for number, shot in enumerate(shots):
        log.info(
            "shot %d, frames %d to %d: %s, the corners of the picture move by up to %.1f px",
            number, shot.first, shot.first + len(shot.maps) - 1, shot.kind, _reach(shot.maps, size).max(),
        )  # fmt: skip
    return CameraPath(
        maps=np.concatenate([shot.maps for shot in shots]),
        sure=np.concatenate([shot.known for shot in shots]).astype(np.float32),
        shot=np.repeat(np.arange(len(shots)), [len(shot.maps) for shot in shots]),
        kinds=tuple(shot.kind for shot in shots),
        extents=np.array([_extent(shot.maps, size) for shot in shots]),
        width=people.width,
        height=people.height,
    )


@dataclass(frozen=True)
class _Shot:
    """first: frame; maps: (n, 3, 3) into its usual framing; known: (n,), how sure; kind: what it does."""

    first: int
    maps: np.ndarray
    known: np.ndarray
    kind: str


def _joined(shots: list[_Shot], frames: Frames, outside: Outside, size: tuple[int, int]) -> list[_Shot]:
    """The shots, those on both sides of a cut that changes only the framing made one, in the longest's px."""
    joined = []
    for take in _takes(shots, frames, outside, size):
        longest = max(range(len(take)), key=lambda number: len(take[number][0].maps))
        back = np.linalg.inv(take[longest][1])
        maps = [_exact(back @ there, size) @ shot.maps for shot, there in take]
        if len(take) > 1:
            log.info(
                "cuts at frames %s change the framing, not the scene",
                ", ".join(str(shot.first) for shot, _ in take[1:]),
            )
        joined.append(
            _Shot(
                first=take[0][0].first,
                maps=np.concatenate(maps),
                known=np.concatenate([shot.known for shot, _ in take]),
                kind=take[0][0].kind if len(take) == 1 else MOVING,
            )
        )
    return joined


def _takes(
    shots: list[_Shot], frames: Frames, outside: Outside, size: tuple[int, int]
) -> list[list[tuple[_Shot, np.ndarray]]]:
    """[[(shot, (3, 3) map from its px to those of the take's first shot)]]"""
    takes = [[(shots[0], np.eye(3))]]
    for shot in shots[1:]:
        before, there = takes[-1][-1]
        view = lay_over(
            frames[shot.first], frames[shot.first - 1], outside(shot.first), outside(shot.first - 1)
        )
        # both cameras stand, in one place: nothing to move, and a clip of a tripod stays as it is
        standing = {before.kind, shot.kind} <= {STILL, UNKNOWN}
        if view is None or (standing and (_exact(view, size) == np.eye(3)).all()):
            takes.append([(shot, np.eye(3))])
        else:
            takes[-1].append((shot, there @ before.maps[-1] @ view @ np.linalg.inv(shot.maps[0])))
    return takes


def _exact(there: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A (3, 3) map; the identity, exactly, where it moves the picture by no more than a tripod's noise."""
    moves = _reach(there[None] / there[2, 2], size)[0] >= LEAST_MOTION * max(size)
    return there / there[2, 2] if moves else np.eye(3)


def find_path_file(frames_path: str | Path, people_path: str | Path, camera_path: str | Path) -> None:
    """find_path from files to a file."""
    frames = FrameStore(frames_path)
    save_path(camera_path, find_path(frames, load_people(people_path), frames.cuts))


def _follow_shot(frames: Frames, outside: Outside, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3, 3) maps into the shot's first frame, NaN where unknown, and (n,) how sure."""
    tracker, maps, sure = ShotTracker(), np.full((stop - first, 3, 3), np.nan), np.zeros(stop - first)
    for index in range(first, stop):
        grey = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        found, sure[index - first] = tracker.add(grey, partial(outside, index))
        if found is not None:
            maps[index - first] = found
    return maps, sure


def settle(
    maps: np.ndarray, sure: np.ndarray, size: tuple[int, int], fps: Fraction | float
) -> tuple[np.ndarray, str]:
    """The (n, 3, 3) maps of a shot into its usual framing, and what the camera does.

    maps: into any one frame of the shot, NaN where unknown; sure: (n,); size: (width, height) px of a frame.
    A map that is unknown is filled in between its neighbours.
    """
    known = np.isfinite(maps).all(axis=(1, 2)) & (sure > 0)
    count, identity = len(maps), np.tile(np.eye(3), (len(maps), 1, 1))
    if count == 1:
        return identity, STILL
    if known.mean() < KNOWN:
        return identity, UNKNOWN
    at = np.flatnonzero(known)
    filled = [np.interp(np.arange(count), at, values) for values in maps[known].reshape(-1, 9).T]
    maps = np.stack(filled, axis=1).reshape(-1, 3, 3)
    corners = _corners(maps, size)
    usual = np.linalg.norm(corners - np.median(corners[known], axis=0), axis=2).max(axis=1)
    # a hand holds a camera level on average: the scene must not lean as one of its frames does
    roll = np.arctan2(maps[:, 1, 0], maps[:, 0, 0])
    usual += LEVEL_WEIGHT * max(size) * np.abs(roll - roll[known].mean())
    usual = int(at[usual[known].argmin()])
    maps = np.linalg.inv(maps[usual]) @ maps
    maps /= maps[:, 2:, 2:]
    maps[usual] = np.eye(3)
    # a tripod's measurements are noise about one place; of this the middle, not a frame, is the usual framing
    corners = _corners(maps, size)
    corners -= np.median(corners, axis=0)
    if np.quantile(np.linalg.norm(corners, axis=2).max(axis=1), USUAL) < LEAST_MOTION * max(size):
        return identity, STILL
    width = 2 * int(SHAKE_SECONDS * fps / 2) + 1
    calm = median_filter(corners, size=(min(width, count), 1, 1), mode="nearest")
    way = np.linalg.norm(calm, axis=2).max()
    return maps, MOVING if way > LEAST_WAY * max(size) else SHAKING


def _corners(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(n, 4, 2) px where the picture's corners lie in the scene."""
    width, height = size[0] - 1, size[1] - 1
    return moved_points(maps, np.array([(0, 0), (width, 0), (0, height), (width, height)], float))


def _reach(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(n,) px by which the picture's corners lie elsewhere than in the usual framing, at most."""
    return np.linalg.norm(_corners(maps, size) - _corners(np.eye(3)[None], size), axis=2).max(axis=1)


def _extent(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(4,) x0, y0, x1, y1 px of the scene that the frames reach."""
    corners, reach = _corners(maps, size), BEYOND * np.array(size)
    low = np.maximum(corners.min(axis=(0, 1)), -reach)
    high = np.minimum(corners.max(axis=(0, 1)), np.array(size) - 1 + reach)
    return np.concatenate([low, high])
