"""Fill what a picture does not show, as of a background behind a person who stays in place."""

import cv2
import numpy as np

END = 5  # px, over which the ends of a gap are averaged
# of the solver, which stops when no pixel misses its neighbours by more than so many levels
MOST_ROUNDS, LEAST_LEFT = 200, 0.05


def filled(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """A picture with its unknown pixels filled from the known ones, (H, W, 3) uint8.

    picture: (H, W, 3) uint8; known: (H, W) bool with at least one True. From row to row an unknown pixel
    changes as the picture does to its left and right, because behind a dancer there is usually a floor that
    meets a wall, and a fill from all sides smears one into the other. Otherwise it changes as little as it
    can, so that no edge shows where known pixels begin or a gap becomes wider (least squares, solved by
    conjugate gradients that begin with the interpolation along rows).
    """
    missing = (~known).astype(np.float32)[..., None]
    result = _along_rows(picture.astype(np.float32), known)
    steps, both = np.diff(picture.astype(np.float32), axis=0), known[1:] & known[:-1]
    steps = _along_rows(steps, both) if both.any() else np.zeros_like(steps)
    steps[~both.any(axis=1)] = 0
    left = missing * (_spread(steps, 0) - _around(result))
    direction, size = left.copy(), (left**2).sum(axis=(0, 1))
    for _ in range(MOST_ROUNDS):
        if np.abs(left).max() < LEAST_LEFT:
            break
        change = missing * _around(direction)
        length = size / np.maximum((direction * change).sum(axis=(0, 1)), 1e-9)
        result += length * direction
        left -= length * change
        before, size = size, (left**2).sum(axis=(0, 1))
        direction = left + size / np.maximum(before, 1e-9) * direction
    return np.rint(np.clip(result, 0, 255)).astype(np.uint8)


def _spread(steps: np.ndarray, axis: int) -> np.ndarray:
    """Of steps from pixel to pixel along an axis, for each pixel the one before minus the one after."""
    return -np.diff(steps, axis=axis, prepend=0, append=0)


def _around(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3): by how much each pixel exceeds its four neighbours, in sum."""
    return _spread(np.diff(picture, axis=0), 0) + _spread(np.diff(picture, axis=1), 1)


def _along_rows(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32: linear interpolation between the nearest known pixels to the left and right.

    picture: (H, W, 3) float32. The ends are means over END px, to reduce noise. A completely unknown row
    takes the nearest known one.
    """
    ends = cv2.blur(picture * known[..., None].astype(np.float32), (END, 1))
    ends /= np.maximum(cv2.blur(known.astype(np.float32), (END, 1)), 1e-6)[..., None]
    result, columns = picture.copy(), np.arange(picture.shape[1])
    usable = np.flatnonzero(known.any(axis=1))
    for row, seen in enumerate(known):
        at = usable[np.abs(usable - row).argmin()]
        places = known[at]
        missing = ~seen
        for channel in range(3):
            values = np.interp(columns[missing], columns[places], ends[at, places, channel])
            result[row, missing, channel] = values
    return result
