"""Several synthetic performers in one clip, for the tests that choose one of them."""

from fractions import Fraction

import numpy as np

from dancenow.keypoints import People
from dancenow.pose.looks import CLOTHES_REGIONS
from performers import performer

AS_IS = {"max_gap": 0, "smoothing": "none", "window": 0.2}  # for track_performer


def crowd(*tracks, fps=Fraction(25), colours=None):
    """People of several (T, 133, 3) tracks; a frame of zeros means not found. Order within a frame varies.

    colours: for each track (L, a, b) of all its clothes; without them nobody's clothes are known.
    """
    rows, frames, looks = [], [], []
    for frame in range(len(tracks[0])):
        numbers = range(len(tracks)) if frame % 2 else range(len(tracks))[::-1]
        for number in numbers:
            if tracks[number][frame].any():
                rows.append(tracks[number][frame])
                frames.append(frame)
                looks.append(np.tile(colours[number], (CLOTHES_REGIONS, 1)) if colours else ())
    keypoints, frames = np.array(rows, np.float32), np.array(frames, np.int32)
    looks = np.array(looks, np.float32) if colours else None
    return People(keypoints, frames, len(tracks[0]), fps, 640, 480, "x", "y", looks)


def walker(start, end, tall, count=40):
    keypoints = performer(count, width=640, height=480, tall=tall).keypoints.copy()
    keypoints[..., 0] += np.linspace(start, end, count)[:, None] * (keypoints[..., 2] > 0)
    return keypoints.astype(np.float32)
