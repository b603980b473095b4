"""Stretches of frames in which something is so, and values in between those that are known."""

import numpy as np


def stretches_of(values: np.ndarray) -> list[tuple[int, int]]:
    """[(first, stop)] of the runs of True in (T,) bool."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def interpolated(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(T, ...) float64: values with the unknown ones interpolated in time, constant at the ends.

    values: (T, ...); known: (T,) bool, at least one True.
    """
    rows, frames, at = values.reshape(len(values), -1), np.arange(len(values)), np.flatnonzero(known)
    columns = [np.interp(frames, at, column[at]) for column in rows.T]
    return np.stack(columns, axis=-1).reshape(values.shape)
