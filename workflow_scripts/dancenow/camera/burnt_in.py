"""What is drawn over a clip or around it, such as a logo, bars, or the windows of a recorded screen.

It stays where it is while the camera moves, and its many sharp corners would tell that nothing moves. Before
a tripod the scene stays as well; but there it stays around people too, where nobody draws anything.
"""

import cv2
import numpy as np

from dancenow.camera.outside import Outside
from dancenow.pictures import Frames

SAMPLES, LEAST_SAMPLES = 24, 16  # frames, evenly over the clip; of these, that show a pixel without people
STAYS_LEVELS = 6  # levels, the largest difference of a pixel that stays
DETAIL_SIDE = 5  # px
CONTRAST = 4.0  # levels of standard deviation, without which nothing can be told to stay
# levels a pixel, of the slope in every direction, as of corners; a line that moves along itself seems to stay
CORNER = 2.0
RING = 0.06  # of the long edge: the surroundings of people
AROUND_PEOPLE = 0.4  # share of the detail around people that may stay in the clip of a camera that moves
LEAST_RING = 500  # px with detail around people, in all samples, or nothing is told
TOGETHER_STAYS = 0.6  # share of the detail beside a pixel that stays with it
BAR = 0.98  # share of a row or column that stays
MOST_THIN = 0.15  # share of the other detail, that letters are
LETTER = 1e-4  # of the picture: pixels that touch
HELD_BESIDE = 0.03  # of the long edge: corners so near would be held by what stays


def find_burnt_in(frames: Frames, outside: Outside, count: int) -> np.ndarray | None:
    """(H, W) bool, true where something is drawn over or around the scene, and beside it; None for nothing.

    Only a guess, which holds if the rest of the picture then tells of a camera that moves.

    frames: `count` frames, (H, W, 3) uint8 RGB; outside: where people are not.
    """
    samples = np.unique(np.linspace(0, count - 1, SAMPLES).astype(int)).tolist()
    if len(samples) < LEAST_SAMPLES:
        return None
    masks = [outside(index) for index in samples]
    height, width = masks[0].shape
    low, high = np.full((height, width), 255, np.uint8), np.zeros((height, width), np.uint8)
    seen, detail = np.zeros((height, width), int), np.zeros((2, height, width), np.float32)
    for index, mask in zip(samples, masks, strict=True):
        grey = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        free = mask > 0
        low, high = np.where(free, np.minimum(low, grey), low), np.where(free, np.maximum(high, grey), high)
        seen += free
        detail += free * _detail(grey)
    usable = seen >= LEAST_SAMPLES
    same = high - low.astype(int) <= STAYS_LEVELS
    contrast, corners = (
        usable & (each > least * np.maximum(seen, 1))
        for each, least in zip(detail, (CONTRAST, CORNER), strict=True)
    )
    stays = contrast & same
    # of a wall that is seen in two places, many pixels here and there happen to be the same; few do of one
    # that is seen in many, and these do not touch like those of a letter
    near = (2 * round(HELD_BESIDE * max(width, height)) + 1,) * 2
    shares = [cv2.boxFilter(each.astype(np.float32), cv2.CV_32F, near) for each in (stays, contrast)]
    drawn = stays & (shares[0] > TOGETHER_STAYS * shares[1])
    thin = stays & ~drawn
    if thin.sum() < MOST_THIN * (contrast & ~drawn).sum():
        drawn |= _touching(thin, round(LETTER * thin.size))
    drawn &= corners
    side = 2 * round(RING * max(width, height)) + 1
    rings = [(cv2.erode(mask, np.ones((side, side), np.uint8)) == 0) & (mask > 0) for mask in masks]
    around = sum(int((ring & contrast).sum()) for ring in rings)
    still = sum(int((ring & stays).sum()) for ring in rings)
    if around < LEAST_RING or still > AROUND_PEOPLE * around:
        return None
    drawn |= _bars(usable, usable & same)
    if not drawn.any():
        return None
    return cv2.dilate(drawn.astype(np.uint8), np.ones(near, np.uint8)) > 0


def _touching(found: np.ndarray, least: int) -> np.ndarray:
    """(H, W) bool: the pixels that touch `least` others or more."""
    _, labels, sizes, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    large = sizes[:, cv2.CC_STAT_AREA] >= least
    large[0] = False
    return large[labels]


def _bars(usable: np.ndarray, stays: np.ndarray) -> np.ndarray:
    """(H, W) bool: the rows and columns at the picture's edges whose usable pixels stay."""
    bars = np.zeros_like(stays)
    for known, same, turned in ((usable, stays, bars), (usable.T, stays.T, bars.T)):
        whole = known.any(axis=0) & (same.sum(axis=0) >= BAR * known.sum(axis=0))
        for side, part in ((whole, turned), (whole[::-1], turned[:, ::-1])):
            part[:, : 0 if side.all() else side.argmin()] = True
    return bars


def _detail(grey: np.ndarray) -> np.ndarray:
    """(2, H, W) float32: the standard deviation around each pixel, levels; the least slope of all directions
    there, levels a pixel."""
    size = (DETAIL_SIDE, DETAIL_SIDE)
    mean, square = cv2.boxFilter(grey, cv2.CV_32F, size), cv2.sqrBoxFilter(grey, cv2.CV_32F, size)
    x, y = (each.astype(np.float32) / 8 for each in cv2.spatialGradient(grey))
    xx, yy, xy = (cv2.boxFilter(each, -1, size) for each in (x * x, y * y, x * y))
    slope = (xx + yy) / 2 - np.sqrt(np.square(xx - yy) / 4 + xy * xy)
    return np.sqrt(np.maximum([square - mean * mean, slope], 0))
