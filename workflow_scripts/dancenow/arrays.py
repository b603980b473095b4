"""Named arrays in .npz files."""

import io
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path, read_through

Made = TypeVar("Made")

CHUNK = 1 << 20  # bytes
# what numpy raises for a damaged file, and what is raised where an array is missing or does not fit
BROKEN_ARRAYS = ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile, zlib.error


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


def read_npz(path: str | Path, what: str, make: Callable[[Any], Made]) -> Made:
    """What `make` makes of the arrays in a file of the workflow's, {name: array}, each read when asked for.

    what: it holds, in words, for the InputError that names a damaged or foreign file; OSError when the file
    cannot be read.
    """
    read_through(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            return make(stored)
    except BROKEN_ARRAYS as error:
        raise InputError(f"{path}: not {what} ({error}); delete it to make it again") from error
