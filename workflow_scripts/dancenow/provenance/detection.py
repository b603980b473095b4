"""Find the mark in any video: scaled, cropped, cut, coded again.

The mark does not move, so all frames are laid over each other; what moves fades. Every tile size and every
place is tried, and the probability counts all that were tried.
"""

import math
from typing import NamedTuple

import cv2
import numpy as np

from dancenow.provenance.pattern import GRID, PILOTS, Pattern
from dancenow.video.media import decode, probe

LONG_EDGE = 512  # px at which a video is looked at
FRAMES = 300  # as many are looked at, evenly spread
SMALLEST, LARGEST, STEP = 0.4, 1.25, 1.004  # tile over the longer edge: half of it in a whole picture
LIKELY = 1e-6  # that a video without the mark is said to have it, at most


class Found(NamedTuple):
    """What was found: whether, with which payload (an int, None without a mark), and how likely by chance.

    probability: that a video made without the key scores as high, at most; score: of the pilots' phases the
    mean cosine of the error, 0 by chance and 1 without any loss; tile: px of the looked-at picture; margin:
    the least lead of a payload's symbol over the next likely one, 0 where it is a guess.
    """

    marked: bool
    payload: int | None
    probability: float
    score: float
    tile: float
    margin: float


def find_mark(path, key):
    """Look for the mark of `key` (bytes) in the video `path`; a Found. InputError for what is no video."""
    facts = probe(path)
    scale = LONG_EDGE / max(facts["width"], facts["height"])
    size = round(facts["width"] * scale), round(facts["height"] * scale)
    every = max(1, facts["frames"] // FRAMES)
    frames = decode(path, facts, *size)
    return find_in_frames((frame for number, frame in enumerate(frames) if number % every == 0), key)


def find_in_frames(frames, key):
    """As find_mark, in `frames`: an iterable of (H, W, 3) uint8 RGB of one size."""
    laid, pattern = laid_over(frames), Pattern(key)
    long_edge, tried = max(laid.shape), 0
    best = (-math.inf, 0, 0, float(long_edge), np.empty(0))  # replaced by the first size that is tried
    steps = math.ceil(math.log(LARGEST / SMALLEST) / math.log(STEP))
    for size in long_edge * SMALLEST * STEP ** np.arange(steps + 1):
        tried += 1
        units = tile_units(laid, size, pattern)
        score, y, x = pattern.place(units)
        if score > best[0]:
            best = score, y, x, size, units
    for size in best[3] * STEP ** np.linspace(-1, 1, 9):
        tried += 1
        units = tile_units(laid, size, pattern)
        score, y, x = pattern.place(units)
        if score > best[0]:
            best = score, y, x, size, units
    score, y, x, size, units = best
    probability = chance(score, tried * GRID**2)
    payload, margins = pattern.payload(units, y, x)
    marked = probability < LIKELY
    if not marked:
        payload, margins = None, [0.0]
    return Found(marked, payload, probability, score / PILOTS, float(size), min(margins))


def chance(score, tried):
    """The probability, at most, that one of `tried` places scores `score` or more without a mark.

    Without the key's knowledge the phase errors are uniform and independent, whatever the picture: the key
    turned them. For one cosine E exp(a cos) = I0(a) <= exp(a^2 / 4), hence P(sum >= s) <= exp(-s^2 / PILOTS)
    for each place (Chernoff), and `tried` times that for all (Boole).
    """
    return min(1.0, tried * math.exp(-(max(score, 0.0) ** 2) / PILOTS))


def laid_over(frames):
    """The mean over all frames of what the mark could be in them: (H, W) float32.

    Of each frame the middle frequencies, divided by how busy the picture is there, as the mark was.
    """
    total = None
    for frame in frames:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = luma - cv2.GaussianBlur(luma, (0, 0), max(luma.shape) / 50)
        busy = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), max(luma.shape) / 80) + 4)
        total = fine / busy if total is None else total + fine / busy
    if total is None:
        raise ValueError("there are no frames to look at")
    return total


def tile_units(laid, size, pattern):
    """The (BINS,) complex coefficients, of size 1, of all tiles of `size` px in `laid`, folded into one."""
    height, width = (round(edge * GRID / size) for edge in laid.shape)
    kind = cv2.INTER_AREA if size > GRID else cv2.INTER_LINEAR
    small = cv2.resize(laid, (width, height), interpolation=kind)
    down, across = -(-height // GRID), -(-width // GRID)
    padded = np.zeros((down * GRID, across * GRID), np.float32)
    padded[:height, :width] = small
    folded = padded.reshape(down, GRID, across, GRID).sum((0, 2))
    found = np.fft.fft2(folded)[pattern.ky, pattern.kx]
    return found / np.maximum(np.abs(found), 1e-12)
