"""Find the mark in any video: scaled, cropped, cut, re-encoded.

The mark does not move, so all frames are laid over each other; what moves fades. Where the camera moves, an
encoder carries the mark along with the picture and puts little of it back in its place. That little is in
what a frame has that the one before, moved along, has not. So these differences are laid over each other too.
A curtain's folds or a floor's boards are strong in few frequencies, which differ from place to place: in
each window every frequency is made as strong as the others, and the mark stands out in those that the
picture left.
Every tile size and every place is tried with the pilot alone, the likeliest also with all payloads; the
probability counts every size, place and payload, tried or not. Parts of it are kept for the one place where
the mark lies in a copy that was not cropped, for the payloads that are known to have been given, and for a
copy that was neither turned nor mirrored: what is likely beforehand is told by less.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.provenance.mark import strength
from dancenow.provenance.pattern import BINS, GRID, PAYLOAD_BITS, Pattern
from dancenow.video.media import decode, probe

LONG_EDGE = 512  # px at which a video is looked at
NARROWEST = 32  # px of its shorter edge then; the motion between frames needs as much
FRAMES = 300  # as many are looked at, evenly spread
# px: squares in which all frequencies are made equally strong, and from one to the next
WHITENED_EDGE, WHITENED_STEP = 64, 16
# tile over the longer edge: half of it in a whole picture, less beside bars or inside another picture
SMALLEST, LARGEST, STEP = 0.25, 1.25, 1.004
UNMOVED = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
PLACES, READ = 4, 300  # places that each size gives, and the best of them all that are read
POWER_RADIUS = 2.0  # cycles a tile: how far the power around a frequency is averaged
LEAD = 15.0  # of a symbol over the next likely one; one that chance chose has as much once in about 25
LIKELY = 1e-6  # that a video without the mark is said to have it, at most

# (score, y, x, size px, units) of a tile
Place = tuple[float, int, int, float, np.ndarray]


class Read(NamedTuple):
    """What a tile says: score, payload and lead as of Pattern.read, and its size (px)."""

    score: float
    payload: int
    lead: float
    size: float


class Found(NamedTuple):
    """What was found: whether, with which payload (an int, None without a mark), and how likely by chance.

    probability: that a video made without the key scores as high, at most; score: of all bins' phases the
    mean cosine of the error, 0 by chance and 1 without any loss; tile: px of the looked-at picture; margin:
    the least lead of a payload's symbol over the next likely one, or of a known payload over the next; below
    LEAD the payload is a guess.
    """

    marked: bool
    payload: int | None
    probability: float
    score: float
    tile: float
    margin: float


def find_mark(path: str | Path, key: bytes, payloads: Sequence[int] = ()) -> Found:
    """Look for the mark of `key` (bytes) in the video `path`; a Found. InputError for what is no video.

    payloads: those that are known to have been given with this key; others are found too, by more.
    """
    return find_in_frames(looked_at(path), key, payloads)


def find_in_frames(frames: Iterable[np.ndarray], key: bytes, payloads: Sequence[int] = ()) -> Found:
    """As find_mark, in `frames`: an iterable of (H, W, 3) uint8 RGB, of one size."""
    return find_in(laid_over(frames), key, payloads)


def looked_at(path: str | Path) -> Iterator[np.ndarray]:
    """Yield about FRAMES frames of a video, evenly spread, or all of fewer: (H, W, 3) uint8 RGB.

    InputError if the video is too narrow to hold a mark.
    """
    facts = probe(path)
    scale = LONG_EDGE / max(facts["width"], facts["height"])
    size = round(facts["width"] * scale), round(facts["height"] * scale)
    if min(size) < NARROWEST:
        raise InputError(f"{path}: {facts['width']}x{facts['height']} px are too narrow to hold a mark")
    return islice(decode(path, facts, *size), 0, None, max(1, facts["frames"] // FRAMES))


def find_in(laid: np.ndarray, key: bytes, payloads: Sequence[int] = ()) -> Found:
    """As find_mark, in the (H, W) float32 that laid_over gives; key: 32 bytes."""
    pattern, seen = Pattern(key, payloads), []
    views = [np.rot90(side, turns) for side in (laid, laid[:, ::-1]) for turns in range(4)]
    for number, view in enumerate(views):
        tries = _tries(np.ascontiguousarray(view), pattern)
        # half of the probability for the view as it is, half for all others
        parts = 2 * len(tries) * (1 if number == 0 else len(views) - 1)
        probability, read = min((min(1.0, parts * chance(read.score, tried)), read) for tried, read in tries)
        if probability < LIKELY:
            return Found(True, read.payload, probability, read.score / BINS, read.size, read.lead)
        seen.append((probability, read))
    probability, read = min(seen)
    return Found(False, None, probability, read.score / BINS, read.size, 0.0)


def _tries(laid: np.ndarray, pattern: Pattern) -> list[tuple[int, Read]]:
    """[(how many places and payloads, the best of them)]: unmoved and anywhere, then with known payloads."""
    long_edge = max(laid.shape)
    units = tile_units(laid, long_edge / 2, pattern)
    steps = math.ceil(math.log(LARGEST / SMALLEST) / math.log(STEP))
    sizes = long_edge * SMALLEST * STEP ** np.arange(steps + 1)
    places = [place for size in sizes for place in _places(laid, float(size), pattern)]
    places.sort(key=lambda place: -place[0])
    tries = []
    for known in (False, True) if pattern.known else (False,):
        payloads = len(pattern.known) if known else 2**PAYLOAD_BITS
        unmoved = max(_read((0, y, x, long_edge / 2, units), pattern, known) for y, x in UNMOVED)
        best = max(_read(place, pattern, known) for place in places[:READ])
        finer = best.size * STEP ** np.linspace(-1, 1, 9)
        near = [place for size in finer for place in _places(laid, float(size), pattern)]
        best = max(best, *(_read(place, pattern, known) for place in near))
        everywhere = (len(sizes) + len(finer)) * GRID**2
        tries += [(len(UNMOVED) * payloads, unmoved), (everywhere * payloads, best)]
    return tries


def chance(score: float, tried: int) -> float:
    """The probability, at most, that one of `tried` places and payloads scores `score` without a mark.

    Without the key's knowledge the phase errors are uniform and independent, whatever the picture: the key
    turned them. What each counts depends on the picture alone. For one cosine E exp(a cos) = I0(a) <=
    exp(a^2 / 4), and the squares of all weights add up to BINS, hence P(sum >= s) <= exp(-s^2 / BINS)
    for each place and payload (Chernoff), and `tried` times that for all (Boole).
    """
    return min(1.0, tried * math.exp(-(max(score, 0.0) ** 2) / BINS))


def laid_over(frames: Iterable[np.ndarray]) -> np.ndarray:
    """The sum over all frames of what the mark could be in them: (H, W) float32.

    frames: as find_in_frames takes them. The sum of the frames themselves and the sum of what sets neighbours
    apart once one is moved onto the other count the same. Raises ValueError where there is no frame.
    """
    still: np.ndarray | None = None
    apart: np.ndarray | None = None
    before: tuple[np.ndarray, np.ndarray] | None = None
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    flow.setUseSpatialPropagation(False)  # with it the number of threads would change the result
    for frame in frames:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
        now = luma, strength(frame)
        told = _likely(luma.astype(np.float32), now[1])
        still = told if still is None else still + told
        if before is not None:
            for one, other in ((now, before), (before, now)):
                left = one[0] - _moved(other[0], flow.calc(one[0], other[0], None))
                told = _likely(left, one[1])
                apart = told if apart is None else apart + told
        before = now
    if still is None:
        raise ValueError("there are no frames to look at")
    return _alike(still) if apart is None else _alike(still) + _alike(apart)


def _likely(luma: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Of `luma` (H, W) float32 the middle frequencies, as likely as they are to be the mark.

    Divided by how busy it is there, at most 1 (edges are rare and strong), times how strong the mark would be
    beside that; strong: as of mark.strength.
    """
    fine = luma - _smooth(luma, max(luma.shape) / 50)
    busy = np.sqrt(_smooth(fine * fine, max(luma.shape) / 80) + 4)
    return np.clip(fine / busy, -1, 1) * strong / busy


def _smooth(picture: np.ndarray, deviation: float) -> np.ndarray:
    """`picture` (H, W) float32 under a Gaussian of so many px, at a quarter of the size, which is faster."""
    height, width = picture.shape
    small = cv2.resize(picture, (max(1, width // 4), max(1, height // 4)), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), deviation / 4), (width, height))


def _alike(laid: np.ndarray) -> np.ndarray:
    """`laid` (H, W) float32 with all frequencies of each place equally strong; its deviation is 1.

    Overlapping squares of WHITENED_EDGE px keep the phases of their Fourier coefficients alone.
    """
    (height, width), edge, step = laid.shape, WHITENED_EDGE, WHITENED_STEP
    padded = cv2.copyMakeBorder(laid, edge, edge, edge, edge, cv2.BORDER_REFLECT)
    wave = np.sin(np.pi * np.arange(edge, dtype=np.float32) / edge)
    fade = np.outer(wave, wave)
    made = np.zeros_like(padded)
    for y in range(0, padded.shape[0] - edge + 1, step):
        squares = np.lib.stride_tricks.sliding_window_view(padded[y : y + edge], edge, 1)[:, ::step]
        spectra = np.fft.rfft2(squares.swapaxes(0, 1) * fade)
        sizes = np.abs(spectra)
        spectra /= np.maximum(sizes, 1e-4 * sizes.max((1, 2), keepdims=True) + 1e-12)
        for number, square in enumerate(np.fft.irfft2(spectra, (edge, edge))):
            x = number * step
            made[y : y + edge, x : x + edge] += square * fade
    kept = made[edge : edge + height, edge : edge + width]
    return kept / max(float(kept.std()), 1e-12)


def _moved(luma: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """`luma` (H, W) uint8, each pixel from where `flow` (H, W, 2) px points: float32."""
    rows, columns = np.indices(luma.shape, np.float32)
    across, down = columns + flow[..., 0], rows + flow[..., 1]
    return cv2.remap(luma.astype(np.float32), across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _places(laid: np.ndarray, size: float, pattern: Pattern) -> list[Place]:
    """[(score, y, x, size, units)] of the PLACES best places of tiles of `size` px."""
    units = tile_units(laid, size, pattern)
    return [(*place, size, units) for place in pattern.places(units, PLACES)]


def _read(place: Place, pattern: Pattern, known: bool) -> Read:
    """What a place says that _places gave; known: as of Pattern.read."""
    _, y, x, size, units = place
    return Read(*pattern.read(units, y, x, known), size)


def tile_units(laid: np.ndarray, size: float, pattern: Pattern) -> np.ndarray:
    """The (BINS,) complex coefficients of all tiles of `size` px in `laid`, folded into one.

    Each counts as much as the mark can stand out there: its size over the power around its frequency.
    """
    height, width = (round(edge * GRID / size) for edge in laid.shape)
    kind = cv2.INTER_AREA if size > GRID else cv2.INTER_LINEAR
    small = cv2.resize(laid, (width, height), interpolation=kind)
    down, across = -(-height // GRID), -(-width // GRID)
    padded = np.zeros((down * GRID, across * GRID), np.float32)
    padded[:height, :width] = small
    spectrum = np.fft.fft2(padded.reshape(down, GRID, across, GRID).sum((0, 2)))
    wrapped = np.pad(np.abs(spectrum) ** 2, GRID // 8, mode="wrap")
    around = cv2.GaussianBlur(wrapped, (0, 0), POWER_RADIUS)[pattern.ky + GRID // 8, pattern.kx + GRID // 8]
    return pattern.balanced(spectrum[pattern.ky, pattern.kx] / np.maximum(around, 1e-12))
