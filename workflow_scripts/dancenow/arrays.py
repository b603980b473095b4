"""Named arrays in .npz files."""

import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.files import atomic_path

CHUNK = 1 << 20  # bytes


def write_npz(path: str | Path, arrays: Mapping[str, Any], compressed: bool = True) -> None:
    """Write the arrays, {name: array}, whole or not at all. InputError when the disk is full.

    compressed: not for what is compressed already.
    """
    # In memory first, because numpy's writer ends in a traceback when the disk is full.
    stored = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stored, **arrays)
    stored.seek(0)
    # not `getbuffer`: where the disk is full, the view lives on in the traceback, and Python 3.12.1 crashes
    # when it collects it (python/cpython issue 111049)
    with atomic_path(path) as partial, open(partial, "wb") as file:
        shutil.copyfileobj(stored, file, CHUNK)
