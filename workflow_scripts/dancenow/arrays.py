"""Named arrays in .npz files."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.files import atomic_path


def write_npz(path: str | Path, arrays: Mapping[str, Any], compressed: bool = True) -> None:
    """Write the arrays, {name: array}, whole or not at all. InputError when the disk is full.

    compressed: not for what is compressed already.
    """
    # In memory first, because numpy's writer ends in a traceback when the disk is full.
    stored = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stored, **arrays)
    with atomic_path(path) as partial:
        partial.write_bytes(stored.getbuffer())
