"""RGB pictures in PNG files."""

import cv2
import numpy as np


def write_png(path, picture):
    """(H, W, 3) uint8 RGB -> PNG file."""
    done, data = cv2.imencode(".png", picture[..., ::-1])
    if not done:
        raise OSError(f"{path}: the picture could not be encoded")
    path.write_bytes(data.tobytes())


def read_png(path):
    """PNG file -> (H, W, 3) uint8 RGB."""
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
