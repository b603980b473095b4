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
BROKEN_ARRAYS = ValueError, TypeError, ArithmeticError, LookupError, EOFError, zipfile.BadZipFile, zlib.error
ARRAY_TYPES = {"i": "int", "f": "float", "U": "text"}  # of check_layout


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


def check_layout(arrays: Mapping[str, np.ndarray], layout: Mapping[str, str]) -> None:
    """ValueError unless each array of the layout is there, as its words say: of which type and shape.

    "float32 T 133 3": of this type and shape, T the same wherever it stands, * any number; "int" and "float":
    of any size of number; a single whole number is positive. "finite" before it: without NaN and infinity.
    """
    lengths: dict[str, int] = {}
    for name, words in layout.items():
        if name not in arrays:
            raise ValueError(f"it has no {name}")
        array = arrays[name]
        kind, *shape = words.removeprefix("finite ").split()
        meant = [int(each) if each.isdigit() else lengths.get(each) for each in shape]
        right = kind in (array.dtype.name, ARRAY_TYPES.get(array.dtype.kind)) and array.ndim == len(shape)
        if not right or any(want not in (None, has) for want, has in zip(meant, array.shape, strict=True)):
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not {words}")
        lengths |= {each: has for each, has in zip(shape, array.shape, strict=True) if each.isalpha()}
        if words.startswith("finite") and not np.isfinite(array).all():
            raise ValueError(f"{name} hold NaN or infinity")
        if kind == "int" and not shape and array <= 0:
            raise ValueError(f"{name} is {array}")


def read_npz(
    path: str | Path, what: str, layout: Mapping[str, str], make: Callable[[dict[str, np.ndarray]], Made]
) -> Made:
    """What `make` makes of the arrays in a file of the workflow's, {name: array}.

    what: it holds, in words, for the InputError that names a damaged or foreign file; layout: as of
    check_layout; OSError when the file cannot be read.
    """
    read_through(path)
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        check_layout(arrays, layout)
        return make(arrays)
    except BROKEN_ARRAYS as error:
        raise InputError(f"{path}: not {what} ({error}); delete it to make it again") from error
