"""Find the mark in any video: scaled, cropped, cut, re-encoded.

The mark does not move, so all frames are laid over each other; what moves fades. Every tile size and every
place is tried with the pilot alone, the likeliest also with all payloads; the probability counts every size,
place and payload, tried or not. Half of it is kept for the one place where the mark lies in a copy that was
not cropped, which so is told by less.
"""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dancenow.provenance.mark import strength
from dancenow.provenance.pattern import BINS, GRID, PAYLOAD_BITS, Pattern
from dancenow.video.media import decode, probe
from dancenow.video.probing import packets

LONG_EDGE = 512  # px at which a video is looked at
FRAMES = 300  # as many are looked at, evenly spread
SMALLEST, LARGEST, STEP = 0.4, 1.25, 1.004  # tile over the longer edge: half of it in a whole picture
# how many others a key frame counts for: what moves is coded from the frame before and takes its mark along,
# and a key frame has it in its place
KEY_FRAME = 16
UNMOVED = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
PLACES, READ = 4, 300  # places that each size gives, and the best of them all that are read
LEAD = 15.0  # of a symbol over the next likely one; one that chance chose has as much once in about 25
LIKELY = 1e-6  # that a video without the mark is said to have it, at most

# (score, y, x, size px, units) of a tile
Place = tuple[float, int, int, float, np.ndarray]


class Found(NamedTuple):
    """What was found: whether, with which payload (an int, None without a mark), and how likely by chance.

    probability: that a video made without the key scores as high, at most; score: of all bins' phases the
    mean cosine of the error, 0 by chance and 1 without any loss; tile: px of the looked-at picture; margin:
    the least lead of a payload's symbol over the next likely one; below LEAD the payload is a guess.
    """

    marked: bool
    payload: int | None
    probability: float
    score: float
    tile: float
    margin: float


def find_mark(path: str | Path, key: bytes) -> Found:
    """Look for the mark of `key` (bytes) in the video `path`; a Found. InputError for what is no video."""
    return find_in_frames(looked_at(path), key)


def find_in_frames(frames: Iterable[tuple[np.ndarray, float]], key: bytes) -> Found:
    """As find_mark, in `frames`: an iterable of (frame (H, W, 3) uint8 RGB, its weight), of one size."""
    return find_in(laid_over(frames), key)


def looked_at(path: str | Path) -> Iterator[tuple[np.ndarray, float]]:
    """Yield (frame, weight) of a video: up to FRAMES frames (H, W, 3) uint8 RGB, and its key frames."""
    facts = probe(path)
    scale = LONG_EDGE / max(facts["width"], facts["height"])
    size = round(facts["width"] * scale), round(facts["height"] * scale)
    every, keys = max(1, facts["frames"] // FRAMES), key_frames(path, facts["stream"])
    for number, frame in enumerate(decode(path, facts, *size)):
        if number in keys:
            yield frame, KEY_FRAME
        elif number % every == 0:
            yield frame, 1


def find_in(laid: np.ndarray, key: bytes) -> Found:
    """As find_mark, in what laid_over gives."""
    pattern = Pattern(key)
    long_edge = max(laid.shape)
    units = tile_units(laid, long_edge / 2, pattern)
    unmoved = max(_read((0, y, x, long_edge / 2, units), pattern) for y, x in UNMOVED)
    steps = math.ceil(math.log(LARGEST / SMALLEST) / math.log(STEP))
    sizes = long_edge * SMALLEST * STEP ** np.arange(steps + 1)
    places = [place for size in sizes for place in _places(laid, float(size), pattern)]
    places.sort(key=lambda place: -place[0])
    best = max(_read(place, pattern) for place in places[:READ])
    finer = best[-1] * STEP ** np.linspace(-1, 1, 9)
    places = [place for size in finer for place in _places(laid, float(size), pattern)]
    anywhere = max(best, *(_read(place, pattern) for place in places))
    everywhere = (len(sizes) + len(finer)) * GRID**2
    probability, (score, payload, margins, size) = min(
        (min(1.0, 2 * chance(read[0], count * 2**PAYLOAD_BITS)), read)
        for read, count in ((unmoved, len(UNMOVED)), (anywhere, everywhere))
    )
    if probability >= LIKELY:
        return Found(False, None, probability, score / BINS, size, 0.0)
    return Found(True, payload, probability, score / BINS, size, min(margins))


def key_frames(path: str | Path, stream: int) -> set[int]:
    """The numbers of a video's key frames, in the order in which frames are shown, as a set."""
    told = [packet for packet in packets(path, stream, "pts,dts,flags") if "D" not in packet["flags"]]
    times = [next((int(packet[key]) for key in ("pts", "dts") if packet[key] != "N/A"), 0) for packet in told]
    order = np.argsort(times, kind="stable")
    return {number for number, place in enumerate(order) if "K" in told[place]["flags"]}


def chance(score: float, tried: int) -> float:
    """The probability, at most, that one of `tried` places and payloads scores `score` without a mark.

    Without the key's knowledge the phase errors are uniform and independent, whatever the picture: the key
    turned them. For one cosine E exp(a cos) = I0(a) <= exp(a^2 / 4), hence P(sum >= s) <= exp(-s^2 / BINS)
    for each place and payload (Chernoff), and `tried` times that for all (Boole).
    """
    return min(1.0, tried * math.exp(-(max(score, 0.0) ** 2) / BINS))


def laid_over(frames: Iterable[tuple[np.ndarray, float]]) -> np.ndarray:
    """The weighted sum over all frames of what the mark could be in them: (H, W) float32.

    frames: as find_in_frames takes them.

    Of each frame the middle frequencies, as likely as they are: divided by how busy the picture is there, at
    most 1 (edges are rare and strong), times how strong the mark would be beside that.
    """
    total = None
    for frame, weight in frames:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine = luma - cv2.GaussianBlur(luma, (0, 0), max(luma.shape) / 50)
        busy = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), max(luma.shape) / 80) + 4)
        told = np.clip(fine / busy, -1, 1) * strength(frame) * (weight / busy)
        total = told if total is None else total + told
    if total is None:
        raise ValueError("there are no frames to look at")
    return total


def _places(laid: np.ndarray, size: float, pattern: Pattern) -> list[Place]:
    """[(score, y, x, size, units)] of the PLACES best places of tiles of `size` px."""
    units = tile_units(laid, size, pattern)
    return [(*place, size, units) for place in pattern.places(units, PLACES)]


def _read(place: Place, pattern: Pattern) -> tuple[float, int, list[float], float]:
    """(score, payload, margins, size) of a place that _places gave."""
    _, y, x, size, units = place
    return *pattern.read(units, y, x), size


def tile_units(laid: np.ndarray, size: float, pattern: Pattern) -> np.ndarray:
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
