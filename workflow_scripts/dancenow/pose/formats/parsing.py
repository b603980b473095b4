"""Parse JSON and OpenCV's YAML from other programs; every fault is one line that says where it is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.files import open_regular

# the first bytes of what zip, gzip, xz, bzip2, zstd, 7-Zip and rar make
PACKED = b"PK\3\4", b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"Rar!"


def load_json(path: str | Path) -> Any:
    """The value in a JSON file; InputError for anything that is not JSON, NaN and Infinity among it."""
    try:
        return json.loads(_read(path), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{path}: not JSON ({reason}); write the file again") from error


def triples(values: Any, points: Sequence[int], path: str | Path, place: str) -> np.ndarray:
    """(K, 3) float64 from a flat list x, y, confidence, ...

    points: the K that are possible. InputError, naming `path` and `place`, for any other length and for
    anything that is not a finite number.
    """
    if not isinstance(values, list) or len(values) not in [3 * count for count in points]:
        length = f"{len(values)} numbers" if isinstance(values, list) else type(values).__name__
        wanted = " or ".join(f"{3 * count}" for count in points)
        raise InputError(
            f"{path}: {place} holds {length}, not {wanted} (x, y, confidence); write the file again"
        )
    for index, value in enumerate(values):
        # bool is an int to Python
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) < 1e9:
            told = f"{place}[{index}] is {_as_json(value):.40}"
            raise InputError(f"{path}: {told}, not a coordinate or confidence; correct it")
    return np.array(values, np.float64).reshape(-1, 3)


def load_opencv_matrix(path: str | Path, points: Sequence[int]) -> np.ndarray:
    """(P, K, 3) float64 from the one matrix in an OpenCV FileStorage YAML; an empty matrix is nobody.

    Both forms are read, !!opencv-nd-matrix with sizes [P, K, 3] and !!opencv-matrix with P rows, K columns
    and 3 channels. points: the K that are possible. InputError for anything else.
    """
    try:
        name, matrix = _only_matrix(_read(path).decode())
    except (cv2.error, SystemError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: no complete matrix in OpenCV's YAML; write the file again") from error
    if matrix is None:
        return np.zeros((0, points[0], 3))
    if matrix.ndim != 3 or matrix.shape[1] not in points or matrix.shape[2] != 3:
        wanted = " or ".join(map(str, points))
        raise InputError(
            f"{path}: {name} is {list(matrix.shape)}, not [people, {wanted} points, 3]; "
            "give the files that OpenPose wrote"
        )
    if not np.isfinite(matrix).all():
        person, point = np.argwhere(~np.isfinite(matrix))[0, :2]
        raise InputError(f"{path}: {name}: point {point} of person {person} is not finite; correct it")
    return matrix.astype(np.float64)


def _read(path: str | Path) -> bytes:
    try:
        with open_regular(path) as file:
            held = file.read()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); put the file there again") from error
    if held.startswith(PACKED):
        raise InputError(f"{path}: a packed file; unpack it, and name the folder or the file that was in it")
    return held


def _only_matrix(text: str) -> tuple[str, np.ndarray | None]:
    """(name, array or None if empty) of the only matrix; anything else raises one of many errors."""
    # from memory, because OpenCV would interpret options in a file name
    storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    (name,) = storage.root().keys()
    node = storage.getNode(name)
    size = node.getNode("data").size()
    # OpenCV would allocate the stated size, however large, before it reads the data
    if size != _stated_size(node):
        raise ValueError(f"{name} states another size than it has")
    return name, node.mat() if size else None


def _stated_size(node: Any) -> int:
    sizes = node.getNode("sizes")
    if not sizes.empty():
        return int(np.prod([sizes.at(index).real() for index in range(sizes.size())]))
    kind = node.getNode("dt").string()
    channels = int(kind[:-1] or 1)
    return int(node.getNode("rows").real() * node.getNode("cols").real()) * channels


def _as_json(value: Any) -> str:
    """A value as the file has it, null and true for Python's None and True."""
    return repr(value) if isinstance(value, float) else json.dumps(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")
