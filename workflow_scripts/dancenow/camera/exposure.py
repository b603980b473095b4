"""Give frames filmed with changing exposure and white balance a common one.

A moving camera readjusts its exposure, so its frames would show seams when combined. The
background shows by how much: each frame's background is fitted to that of all frames, as in Brown and Lowe,
Automatic Panoramic Image Stitching (IJCV 2007), section 6, here with a gain and an offset for each channel,
and robustly.
"""

import logging

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from dancenow.camera.view import SteadyView, warped
from dancenow.pictures import Frames
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

COMPARED_EDGE = 96  # px, long edge at which frames are compared, because exposure has no detail
ANCHORS = 120  # most frames from which the scene is made
ROUNDS = 12  # scene from frames, frames against the scene, at most; fewer where nothing changes any more
UNCHANGED = 1e-3  # of a gain, from one round to the next
LEAST_USABLE = 60  # least share of the small picture that must be usable
DARK, BRIGHT = 6, 249  # levels of 255 beyond which a pixel is clipped
# levels: a scene with less contrast says little about black, which then stays black, for exposure multiplies.
# A plain wall says nothing about it, and what is darker, such as hair, would be guessed
STIFF = 10.0
OUTLIER = 4.0  # of Tukey's weight, in standard deviations
NOISES = 16.0, 8.0, 4.0, 2.0, 1.0  # levels, the least standard deviation, round by round
GAINS = 0.4, 2.5  # beyond them a frame shows something else than the scene, or nearly nothing of it
A_SECOND = 10  # measurements; a readjusted exposure lasts longer
SMOOTHING = 0.7  # measurements, standard deviation
FLASH = 16.0  # levels: a frame that lasting changes leave this far from the scene is in a fade or a flash
MOST_FLASHES = 0.5  # of the frames: with more the scene itself is in doubt, and all are kept
LEAST_CHANGE = 1.5  # levels: smaller changes are left uncorrected
ROOM_AROUND = 0.15  # margin around a person's box that is also left out: hair, clothes, shadow


def measure_exposure(store: FrameStore, view: SteadyView, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(gains, offsets), each (T, 3) float32: times the one, plus the other, all frames have one exposure.

    store: FrameStore of the clip; view: the SteadyView of T of its frames; boxes: (T, 4) px of the canvas
    around people to leave out, NaN for nobody. Ones and zeros if the exposure hardly changes, or
    cannot be measured; NaN for frames that cannot be evened out, in fades and flashes.
    """
    count, small = len(view.used), _SmallFrames(store, view, boxes)
    gains, offsets = np.ones((count, 3)), np.zeros((count, 3))
    chosen = np.unique(np.linspace(0, count - 1, min(ANCHORS, count)).astype(int)).tolist()
    pictures, usable = map(np.stack, zip(*map(small, chosen), strict=True))
    scene, known = _scene(pictures, usable)
    if scene is not None:
        every = max(1, round(float(store.fps) / A_SECOND))
        measured = np.unique([*range(0, count, every), count - 1])
        told, fits = np.zeros(len(measured), bool), np.ones((len(measured), 2, 3))
        for place, (picture, own) in enumerate(map(small, measured.tolist())):  # one at a time: they are many
            # somebody near the camera may hide the scene for a while: the frames before and after tell
            told[place] = (own & known).sum() >= LEAST_USABLE
            if told[place]:
                fits[place] = _fit(picture, scene, own & known)
        if not told.any():
            return gains.astype(np.float32), offsets.astype(np.float32)
        measured, fits = measured[told], fits[told]
        known_fits = np.where(np.isnan(fits), np.array([1.0, 0.0])[:, None], fits)
        gains, offsets = _over_time(known_fits[:, 0], known_fits[:, 1], measured, count)
        levels = np.quantile(scene[known], [0.1, 0.5, 0.9], axis=0)
        left = (fits[:, :1] - gains[measured, None]) * levels + fits[:, 1:] - offsets[measured, None]
        flashes = _near(~(np.abs(left) < FLASH).all(axis=(1, 2)), measured, count)
        change = np.abs(gains[:, None] * levels + offsets[:, None] - levels)
        most = float(np.quantile(change, 0.98))
        log.info("exposure: the background's levels change by up to %.1f of 255", most)
        if most < LEAST_CHANGE:
            gains[:], offsets[:] = 1, 0
        if flashes.mean() <= MOST_FLASHES:
            gains[flashes] = offsets[flashes] = np.nan
    return gains.astype(np.float32), offsets.astype(np.float32)


def _scene(pictures: np.ndarray, usable: np.ndarray) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    """What (A, h, w, 3) pictures show, (h, w, 3), and where that is known, (h, w); both None if nowhere."""
    known = usable.any(axis=0)
    if known.sum() < LEAST_USABLE:
        return None, None
    gains, offsets = np.ones((2, len(pictures), 3))
    offsets[:] = 0
    for _ in range(ROUNDS):
        before = gains.copy()
        even = pictures * gains[:, None, None] + offsets[:, None, None]
        scene = np.zeros(pictures.shape[1:])
        scene[known] = np.nanmedian(np.where(usable[:, known, None], even[:, known], np.nan), axis=0)
        for index, picture in enumerate(pictures):
            gain, offset = _fit(picture, scene, usable[index] & known)
            gains[index], offsets[index] = np.nan_to_num(gain, nan=1), np.nan_to_num(offset)
        # the median exposure stays fixed; otherwise all frames could become dark together
        middle = np.median(gains, axis=0)
        gains /= middle
        offsets /= middle
        offsets -= np.median((gains - 1) * 128 + offsets, axis=0)
        if np.abs(gains - before).max() < UNCHANGED:
            break
    return scene, known


def _fit(picture: np.ndarray, scene: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gain (3,) and offset (3,) that bring a (h, w, 3) picture to the scene, from the px `where`.

    1 and 0 where the scene says nothing, NaN where the picture shows too little of it.
    """
    gain, offset = np.ones(3), np.zeros(3)
    for channel in range(3):
        given, wanted = picture[where, channel], scene[where, channel]
        inside = (given > DARK) & (given < BRIGHT)
        if inside.sum() < LEAST_USABLE:
            if ((wanted > DARK) & (wanted < BRIGHT)).sum() > 2 * LEAST_USABLE:
                gain[channel] = offset[channel] = np.nan
            continue
        given, wanted = given[inside], wanted[inside]
        a, b = float(np.median(wanted) / np.median(given)), 0.0
        # from wide to narrow: if most of the picture is one wall, the pixels that show the gain would be
        # rejected at once
        for noise in NOISES:
            rest = a * given + b - wanted
            spread = max(noise, 1.4826 * float(np.median(np.abs(rest))))
            weight = np.square(np.clip(1 - np.square(rest / (OUTLIER * spread)), 0, None))
            total = weight.sum()
            x, y = weight @ given / total, weight @ wanted / total
            about = given - x
            # of the gain: what the contrast says, and STIFF of contrast that says: black is black
            told = weight @ (about * (wanted - y)) / total, weight @ np.square(about) / total
            a = (told[0] + STIFF**2 * y / x) / (told[1] + STIFF**2)
            b = y - a * x
        fits = GAINS[0] <= a <= GAINS[1]
        gain[channel], offset[channel] = (a, b) if fits else (np.nan, np.nan)
    return gain, offset


def _over_time(
    gains: np.ndarray, offsets: np.ndarray, measured: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Both (S, 3), measured at (S,) of `count` frames, for all of these, without what stands out."""
    # the curve's values at black and white are smoothed: smoothing the gain alone would rotate it around
    # black
    ends = np.stack([offsets, 255 * gains + offsets])
    ends = median_filter(ends, size=(1, 3, 1), mode="nearest")
    ends = gaussian_filter1d(ends, SMOOTHING, axis=1, mode="nearest")
    black, white = (
        np.stack([np.interp(np.arange(count), measured, curve) for curve in end.T], axis=1) for end in ends
    )
    return (white - black) / 255, black


def _near(found: np.ndarray, measured: np.ndarray, count: int) -> np.ndarray:
    """(count,) bool: which of all frames lie at or beside one that was found among those measured."""
    share = np.interp(np.arange(count), measured, found.astype(float))
    return np.asarray(share > 0)


class _SmallFrames:
    """Frames on a small canvas: of each (h, w, 3) float32, and (h, w) bool, where it shows the background."""

    def __init__(self, store: Frames, view: SteadyView, boxes: np.ndarray) -> None:
        self.store, self.view, self.boxes = store, view, boxes
        self.scale = COMPARED_EDGE / max(view.width, view.height)
        # pixel centres are integers, before and after
        self.shrink = np.array(
            [[self.scale, 0, self.scale / 2 - 0.5], [0, self.scale, self.scale / 2 - 0.5], [0, 0, 1]]
        )
        self.size = tuple(max(1, round(side * self.scale)) for side in (view.width, view.height))

    def __call__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        frame = self.store[int(self.view.used[index])]
        height, width = frame.shape[:2]
        size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        own = np.array([size[0] / width, size[1] / height])
        grow = np.array([[1 / own[0], 0, 0.5 / own[0] - 0.5], [0, 1 / own[1], 0.5 / own[1] - 0.5], [0, 0, 1]])
        there = self.shrink @ self.view.maps[index] @ grow
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        width, height = self.size
        seen = np.ones(size[::-1], np.uint8)
        if self.view.drawn.size:
            seen -= cv2.resize(self.view.drawn.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        seen = warped(seen, there, width, height, cv2.INTER_NEAREST)
        seen = cv2.erode(seen, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
        box = self.boxes[index]
        if np.isfinite(box).all():
            margin = ROOM_AROUND * (box[2:] - box[:2]).max()
            low = np.clip((box[:2] - margin) * self.scale, 0, None).astype(int)
            high = np.ceil(np.clip((box[2:] + margin) * self.scale, 0, None)).astype(int)
            seen[low[1] : high[1], low[0] : high[0]] = False
        return warped(small, there, width, height, cv2.INTER_LINEAR), seen
