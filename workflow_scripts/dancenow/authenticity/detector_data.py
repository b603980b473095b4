"""The detector's data: pairs of consecutive frames of videos written by media.encode.

A real clip is read from a re-encoding (`reencode`) with the encoder, settings, size and rate with which
synthesis writes a result. So every pair, real or fake, has the same last compression.
From each pair the detector sees the few squares with the largest change.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.evenly import evenly
from dancenow.provenance.finishing import finished, finishing
from dancenow.video import media
from dancenow.video.frames import FrameStore

SQUARE_EDGE = 64  # px, edge of the squares that the detector sees, if the frames are large enough
PAIR_SQUARES = 4  # of a pair of frames: those with the largest change, which show the person and not the wall


def reencode(frames_path: str | Path, video_path: str | Path, provenance: dict) -> None:
    """Write a subject's frames (a FrameStore) as synthesis writes a result.

    provenance: that section of the configuration. Real frames get the same label and mark as results, so that
    the detector cannot use them.
    """
    store = FrameStore(frames_path)
    finish = finishing(provenance, store.width, store.height, [frames_path])
    frames = (store[index] for index in range(len(store)))
    media.encode(video_path, finished(frames, finish), store.fps, store.width, store.height)


def degrade(source_path: str | Path, video_path: str | Path, crf: int, divisor: int) -> None:
    """Re-encode a video with x264's constant rate factor `crf`, at 1 / `divisor` of its size."""
    facts = media.probe(source_path)
    # x264 takes even sizes; the working sizes are multiples of 32
    width, height = (facts[edge] // divisor // 2 * 2 for edge in ("width", "height"))
    frames = media.decode(source_path, facts, width, height)
    media.encode(video_path, frames, facts["fps"], width, height, crf=crf)


def moving_squares(pair: np.ndarray, edge: int, corner: Sequence[int] = (0, 0)) -> np.ndarray:
    """The PAIR_SQUARES squares of a grid with the largest change, (N, 2, 3, E, E) uint8, largest first.

    pair: (2, 3, H, W) uint8 RGB; edge: px, less where the frames are smaller; corner: (y, x) px where the
    grid begins, less than what is left over beside one square.
    """
    edge = min(edge, *pair.shape[2:])
    y, x = corner
    rows, columns = ((length - start) // edge for length, start in zip(pair.shape[2:], corner, strict=True))
    change = np.maximum(*pair) - np.minimum(*pair)  # |difference|, in uint8
    change = change[:, y : y + rows * edge, x : x + columns * edge].reshape(3, rows, edge, columns, edge)
    most = np.argsort(-change.sum(axis=(0, 2, 4), dtype=np.int64), axis=None, kind="stable")[:PAIR_SQUARES]
    corners = (
        (y + row * edge, x + column * edge) for row, column in zip(*divmod(most, columns), strict=True)
    )
    return np.stack([pair[..., top : top + edge, left : left + edge] for top, left in corners])


def common_edge(paths: Sequence[str | Path]) -> int:
    """Edge in px of the squares: SQUARE_EDGE, or the shortest edge of any of the videos."""
    facts = [media.probe(path) for path in paths]
    return min(SQUARE_EDGE, *(min(each["width"], each["height"]) for each in facts))


def draw_squares(paths: Sequence[str | Path], count: int, edge: int, seed: int) -> np.ndarray:
    """Moving squares of random pairs of the videos, on random grids, (count, 2, 3, edge, edge) uint8 RGB.

    Each video gives the same number. Each is decoded once, a frame at a time.
    """
    shares = np.diff(np.linspace(0, count, len(paths) + 1).round().astype(int)).tolist()
    draws = np.random.default_rng(seed).spawn(len(paths))
    parts = (_drawn_from(*each, edge) for each in zip(paths, shares, draws, strict=True))
    return np.stack([square for part in parts for square in part])


def read_pairs(path: str | Path, most: int, edge: int) -> Iterator[tuple[int, np.ndarray]]:
    """At most `most` pairs, spread evenly over a video: yields (frame number, its moving_squares)."""
    facts = media.probe(path)
    numbers = set(evenly(_pair_count(path, facts), most).tolist())
    for number, pair in _pairs(path, facts):
        if number in numbers:
            yield number, moving_squares(pair, edge)


def stored_pairs(frames_path: str | Path, most: int, edge: int) -> Iterator[tuple[int, np.ndarray]]:
    """As read_pairs, of the FrameStore at `frames_path`; the same pairs for the same frames."""
    store = FrameStore(frames_path)
    for number in evenly(len(store) - 1, most).tolist():
        pair = np.stack([np.moveaxis(store[index], 2, 0) for index in (number, number + 1)])
        yield number, moving_squares(pair, edge)


def _drawn_from(path: str | Path, count: int, draw: np.random.Generator, edge: int) -> Iterator[np.ndarray]:
    facts = media.probe(path)
    numbers = draw.integers(0, _pair_count(path, facts), count)
    for number, pair in _pairs(path, facts):
        for _ in range(np.count_nonzero(numbers == number)):
            corner = [draw.integers(0, min(edge, length - edge + 1)) for length in pair.shape[2:]]
            squares = moving_squares(pair, edge, corner)
            yield squares[draw.integers(len(squares))].copy()


def _pair_count(path: str | Path, facts: dict) -> int:
    if facts["frames"] < 2:
        raise InputError(f"{path}: has no two consecutive frames; give it a longer clip")
    return facts["frames"] - 1


def _pairs(path: str | Path, facts: dict) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (number, (2, 3, H, W) uint8) of each frame and the next."""
    last = None
    for number, frame in enumerate(media.decode(path, facts, facts["width"], facts["height"])):
        frame = np.moveaxis(frame, 2, 0)
        if last is not None:
            yield number - 1, np.stack([last, frame])
        last = frame
