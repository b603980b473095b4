"""Stretches of frames in which something is so."""

import numpy as np


def stretches_of(values: np.ndarray) -> list[tuple[int, int]]:
    """[(first, stop)] of the runs of True in (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
