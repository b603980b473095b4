"""A file of the measures of an evaluation, frame by frame, for details that a table's means hide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.arrays import check_layout, read_npz, write_npz


def flatten(nested: dict, key: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    """Yield (key, value) of nested dicts; the key is the tuple of the keys on the way to what is no dict."""
    for name, value in nested.items():
        if isinstance(value, dict):
            yield from flatten(value, (*key, name))
        else:
            yield (*key, name), value


def save_series(path: str | Path, series: dict) -> None:
    """Write {row: nested dicts of (T,) floats} as .npz, whole or not at all; without a value is NaN."""
    arrays = {"/".join(key): np.asarray(values, np.float32) for key, values in flatten(series)}
    write_npz(path, arrays)


def load_series(path: str | Path) -> dict:
    """Read what `save_series` wrote, {row: {key: (T,) float64}}, the key a tuple as `flatten` makes it.

    InputError names a file that is none; OSError when it cannot be read.
    """

    def make(stored: dict[str, np.ndarray]) -> dict:
        check_layout(stored, dict.fromkeys(stored, "float32 T"))
        series = {}
        for name in stored:
            row, *key = name.split("/")
            series.setdefault(row, {})[tuple(key)] = stored[name].astype(float)
        return series

    return read_npz(path, "a file of per-frame measures", {}, make)
