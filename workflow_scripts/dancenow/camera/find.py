"""A clip's CameraPath, from its frames and where people are in them."""

import logging

import cv2
import numpy as np
from scipy.ndimage import median_filter

from dancenow.camera.outside import Outside
from dancenow.camera.path import MOVING, SHAKING, STILL, UNKNOWN, CameraPath, moved_points, save_path
from dancenow.camera.tracker import ShotTracker
from dancenow.keypoints import load_people
from dancenow.video.cuts import segments
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

KNOWN = 0.5  # share of a shot's frames whose map must be known, or nothing is told of the shot
USUAL = 0.98  # quantile over the frames, so that a bump against the tripod makes no hand of it
# of the long edge, by which the picture's corners lie elsewhere than in the usual framing
LEAST_MOTION = 0.002  # 1 px of 512: below it, a tripod
LEAST_WAY = 0.02  # of the way that is left when shake is taken out
SHAKE_SECONDS = 1.0  # shake is what a median over this time takes out
BEYOND = 1.5  # frame sizes outside the usual framing, at most: as far an extent reaches


def find_path(frames, people, cuts):
    """The CameraPath of a clip.

    frames: a FrameStore, or any sequence of (H, W, 3) uint8 RGB; people: People found in them; cuts: as in
    dancenow.video.cuts. Frames are read once, in order, and none is kept beside a few key frames. Warns of
    shots of which nothing can be told; these count as still.
    """
    outside, size = Outside(people), (people.width, people.height)
    maps, sure, shot, kinds, extents = [], [], [], [], []
    for number, (first, stop) in enumerate(segments(people.count, cuts)):
        own, known = _follow_shot(frames, outside, first, stop)
        own, kind = settle(own, known, size, float(people.fps))
        if kind in (STILL, UNKNOWN):
            known = np.full(stop - first, float(kind == STILL))
        log.info(
            "shot %d, frames %d to %d: %s, the corners of the picture move by up to %.1f px",
            number, first, stop - 1, kind, _reach(own, size).max(),
        )  # fmt: skip
        if kind == UNKNOWN:
            log.warning(
                "warning: frames %d to %d show too few corners beside people to tell how the camera moves; "
                "it counts as still, and if it is not, its movement is taken for the dancer's",
                first,
                stop - 1,
            )
        maps.append(own)
        sure.append(known)
        shot.append(np.full(stop - first, number))
        kinds.append(kind)
        extents.append(_extent(own, size))
    return CameraPath(
        maps=np.concatenate(maps),
        sure=np.concatenate(sure).astype(np.float32),
        shot=np.concatenate(shot).astype(np.int64),
        kinds=tuple(kinds),
        extents=np.array(extents),
        width=people.width,
        height=people.height,
    )


def find_path_file(frames_path, people_path, camera_path):
    """find_path from files to a file."""
    frames = FrameStore(frames_path)
    save_path(camera_path, find_path(frames, load_people(people_path), frames.cuts))


def _follow_shot(frames, outside, first, stop):
    """(n, 3, 3) maps into the shot's first frame, NaN where unknown, and (n,) how sure."""
    tracker, maps, sure = ShotTracker(), np.full((stop - first, 3, 3), np.nan), np.zeros(stop - first)
    for index in range(first, stop):
        grey = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        found, sure[index - first] = tracker.add(grey, lambda index=index: outside(index))
        if found is not None:
            maps[index - first] = found
    return maps, sure


def settle(maps, sure, size, fps):
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


def _corners(maps, size):
    """(n, 4, 2) px where the picture's corners lie in the scene."""
    width, height = size[0] - 1, size[1] - 1
    return moved_points(maps, np.array([(0, 0), (width, 0), (0, height), (width, height)], float))


def _reach(maps, size):
    """(n,) px by which the picture's corners lie elsewhere than in the usual framing, at most."""
    return np.linalg.norm(_corners(maps, size) - _corners(np.eye(3)[None], size), axis=2).max(axis=1)


def _extent(maps, size):
    """(4,) x0, y0, x1, y1 px of the scene that the frames reach."""
    corners, reach = _corners(maps, size), BEYOND * np.array(size)
    low = np.maximum(corners.min(axis=(0, 1)), -reach)
    high = np.minimum(corners.max(axis=(0, 1)), np.array(size) - 1 + reach)
    return np.concatenate([low, high])
