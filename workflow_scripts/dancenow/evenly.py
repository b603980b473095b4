"""Frames that stand for a whole clip, spread evenly over it."""

import numpy as np


def evenly(count: int, most: int) -> np.ndarray:
    """(N,) int: at most `most` ascending numbers of `count` frames, evenly spread, both ends included."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def spread(count: int, number: int) -> list[int]:
    """`number` frames of `count`, spread evenly, without the first and the last."""
    return np.linspace(0, count - 1, number + 2).round().astype(int)[1:-1].tolist()
