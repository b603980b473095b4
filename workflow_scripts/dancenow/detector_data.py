"""What the detector learns from and is tested on: pairs of consecutive frames of videos that encode wrote.

A real clip is read from a re-encoding (`reencode`) with the encoder, settings, size and rate with which
synthesis writes a result. So every pair, real or fake, has been through the same last compression.
"""

import numpy as np

from dancenow import media
from dancenow.errors import InputError
from dancenow.frames import FrameStore

CROP = 64  # px, edge of the squares that the detector learns from, where the frames are as large
CROPS = 4096  # of each kind, real and fake: 0.1 GB


def reencode(frames_path, video_path):
    """Write a subject's frames (a FrameStore) as synthesis writes a result."""
    store = FrameStore(frames_path)
    frames = (store[index] for index in range(len(store)))
    media.encode(video_path, frames, store.fps, store.width, store.height)


def degrade(source_path, video_path, crf, divisor):
    """Write a video anew with x264's constant rate factor `crf`, at 1 / `divisor` of its size."""
    facts = media.probe(source_path)
    # x264 takes even sizes; the working sizes are multiples of 32
    size = [facts[edge] // divisor // 2 * 2 for edge in ("width", "height")]
    media.encode(video_path, media.decode(source_path, facts, *size), facts["fps"], *size, crf=crf)


def crop_edge(paths):
    """Edge in px of the crops: CROP, or the shortest edge of any of the videos."""
    facts = [media.probe(path) for path in paths]
    return min(CROP, *(min(each["width"], each["height"]) for each in facts))


def cut_crops(paths, count, edge, seed):
    """Squares at random places of random pairs of the videos, (count, 2, 3, edge, edge) uint8 RGB.

    Every video gives as many as every other. Each is decoded once, a frame at a time.
    """
    shares = np.diff(np.linspace(0, count, len(paths) + 1).round().astype(int)).tolist()
    draws = np.random.default_rng(seed).spawn(len(paths))
    parts = (_crops_of(*each, edge) for each in zip(paths, shares, draws, strict=True))
    return np.stack([crop for part in parts for crop in part])


def read_pairs(path, most):
    """At most `most` pairs, spread evenly over a video: yields (frame number, (2, 3, H, W) uint8 RGB)."""
    facts = media.probe(path)
    numbers = spread(_pair_count(path, facts), most)
    yield from ((number, pair) for number, pair in _pairs(path, facts) if number in numbers)


def stored_pairs(frames_path, most):
    """As read_pairs, of a FrameStore."""
    store = FrameStore(frames_path)
    for number in sorted(spread(len(store) - 1, most)):
        yield number, np.stack([np.moveaxis(store[index], 2, 0) for index in (number, number + 1)])


def spread(count, most):
    """At most `most` of the numbers below `count`, evenly spread, as a set."""
    return set(np.linspace(0, count - 1, min(most, count)).round().astype(int).tolist())


def _crops_of(path, count, draw, edge):
    facts = media.probe(path)
    numbers = draw.integers(0, _pair_count(path, facts), count)
    for number, pair in _pairs(path, facts):
        for _ in range(np.count_nonzero(numbers == number)):
            y, x = (draw.integers(0, length - edge + 1) for length in pair.shape[2:])
            yield pair[..., y : y + edge, x : x + edge].copy()


def _pair_count(path, facts):
    if facts["frames"] < 2:
        raise InputError(f"{path}: has no two consecutive frames; give it a longer clip")
    return facts["frames"] - 1


def _pairs(path, facts):
    """Yield (number, (2, 3, H, W) uint8) of each frame and the next."""
    last = None
    for number, frame in enumerate(media.decode(path, facts, facts["width"], facts["height"])):
        frame = np.moveaxis(frame, 2, 0)
        if last is not None:
            yield number - 1, np.stack([last, frame])
        last = frame
