"""RGB pictures in PNG files."""

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path


class Frames(Protocol):
    """Pictures by number, (H, W, 3) uint8 RGB, or masks (H, W) uint8: a film, a list, an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray: ...


def write_png(path: str | Path, picture: np.ndarray) -> None:
    """(H, W, 3) uint8 RGB -> PNG file, whole or not at all."""
    done, data = cv2.imencode(".png", picture[..., ::-1])
    if not done:
        raise OSError(f"{path}: the picture could not be encoded")
    with atomic_path(path) as partial:
        partial.write_bytes(data.tobytes())


def read_png(path: Path, size: tuple[int, int] | None = None) -> np.ndarray:
    """PNG file, one of the workflow's own -> (H, W, 3) uint8 RGB.

    InputError names one that is damaged, or of another size than (width, height) px.
    """
    data = np.frombuffer(path.read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise InputError(f"{path}: damaged, not a picture; delete it to make it again")
    height, width = picture.shape[:2]
    if size and size != (width, height):
        wanted = f"{size[0]}x{size[1]}"
        raise InputError(
            f"{path}: {width}x{height} px, but the target's frames have {wanted}; delete it to make it again"
        )
    return picture[..., ::-1]
