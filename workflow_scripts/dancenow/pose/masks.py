"""The masks of a clip, soft and packed: where people are in each frame."""

from pathlib import Path

import cv2
import numpy as np

from dancenow.arrays import read_npz, write_npz
from dancenow.errors import InputError
from dancenow.keypoints import MIN_CONFIDENCE

MASKS_LAYOUT = {"data": "uint8 N", "ends": "int T", "width": "int", "height": "int"}  # of a file
MASK_LEVELS = 8  # of a stored mask: its edge is about three pixels wide, and fewer levels compress better
# of the guided filter (He et al. 2010) that aligns a mask's edge with the picture's
FILTER_RADIUS, SMOOTHNESS = 4, 1e-3
TRUNK_AND_LIMBS = slice(5, 17)
LEAST_JOINTS = 4
INSIDE = 0.8  # share of these points
NEAR_EDGE = 0.02  # of the picture's long edge: points that lie farther outside are in no mask


class Masks:
    """The masks of a clip, compressed: masks[i] is (height, width) uint8, 255 where the person is.

    data: (B,) uint8, concatenated PNG files; ends: (T,) int64, where each ends; an empty one shows
    nobody. path: the file that holds them, for messages.
    """

    def __init__(
        self, data: np.ndarray, ends: np.ndarray, width: int, height: int, path: str | Path = ""
    ) -> None:
        self.data, self.ends, self.width, self.height, self.path = data, ends, width, height, path

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> np.ndarray:
        start = int(self.ends[index - 1]) if index else 0
        data = self.data[start : int(self.ends[index])]
        if not len(data):
            return np.zeros((self.height, self.width), np.uint8)
        mask = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
        if mask is None or mask.shape != (self.height, self.width):
            raise InputError(
                f"{self.path}: the mask of frame {index} is damaged; delete the file to make it again"
            )
        return mask


def with_more(masks: Masks, more: dict[int, np.ndarray]) -> Masks:
    """Masks that also show, in the frames that are keys of `more`, its (height, width) uint8 masks."""
    packer = MaskPacker(masks.width, masks.height)
    for index in range(len(masks)):
        packer.add(np.maximum(masks[index], more[index]) if index in more else masks[index])
    return packer.packed()


class MaskPacker:
    """Collects the masks of a clip, frame by frame."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.parts, self.ends, self.size = [], [], 0

    def add(self, mask: np.ndarray | None) -> None:
        """Add the next frame's (height, width) uint8 mask, or None if nobody is in it."""
        if mask is not None and mask.any():
            levels = np.rint(mask * np.float32((MASK_LEVELS - 1) / 255)) * np.float32(255 / (MASK_LEVELS - 1))
            data = cv2.imencode(".png", np.rint(levels).astype(np.uint8))[1].ravel()
            self.parts.append(data)
            self.size += len(data)
        self.ends.append(self.size)

    def packed(self) -> Masks:
        """All masks so far, as Masks."""
        data = np.concatenate(self.parts) if self.parts else np.zeros(0, np.uint8)
        return Masks(data, np.array(self.ends, np.int64), self.width, self.height)


def save_masks(path: str | Path, masks: Masks) -> None:
    """Write Masks as .npz, whole or not at all."""
    write_npz(path, {name: getattr(masks, name) for name in MASKS_LAYOUT}, compressed=False)


def load_masks(path: str | Path) -> Masks:
    """Read Masks; InputError names a file that is not one."""

    def make(stored: dict[str, np.ndarray]) -> Masks:
        data, ends = stored["data"], stored["ends"]
        if (np.diff(ends, prepend=0) < 0).any() or ends[-1:].tolist() != [data.size]:
            raise ValueError("its masks do not fill it")
        return Masks(data, ends, int(stored["width"]), int(stored["height"]), path)

    return read_npz(path, "a file of masks", MASKS_LAYOUT, make)


def sharpen(frame: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mask, its edge aligned to the picture's. frame: (H, W, 3) uint8; mask: (H, W) float32, 0 to 1."""
    guide = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    def mean(picture: np.ndarray) -> np.ndarray:
        return cv2.blur(picture, (2 * FILTER_RADIUS + 1, 2 * FILTER_RADIUS + 1))

    around, level = mean(guide), mean(mask)
    slope = (mean(guide * mask) - around * level) / (mean(guide * guide) - around * around + SMOOTHNESS)
    return np.clip(mean(slope) * guide + mean(level - slope * around), 0, 1)


def soft_mask(frame: np.ndarray, found: np.ndarray | None) -> np.ndarray:
    """(H, W) uint8, sharpened, of an estimator's (H, W) float32 mask in [0, 1]; None means nobody."""
    if found is None:
        return np.zeros(frame.shape[:2], np.uint8)
    return np.rint(255 * sharpen(frame, found)).astype(np.uint8)


def holds(mask: np.ndarray, keypoints: np.ndarray) -> bool:
    """Whether a (H, W) uint8 mask shows this person: most body points of the (133, 3) keypoints lie in it.

    Points that lie clearly beyond the picture, as imputed legs do, do not count.
    """
    points = keypoints[TRUNK_AND_LIMBS]
    edges = np.array(mask.shape[1::-1])
    beyond = NEAR_EDGE * edges.max()
    near = ((points[:, :2] > -beyond) & (points[:, :2] < edges + beyond)).all(axis=1)
    points = points[near & (points[:, 2] >= MIN_CONFIDENCE), :2]
    if len(points) < LEAST_JOINTS:
        return False
    x, y = np.rint(points).astype(int).T
    inside = mask[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)] > 0
    return bool(inside.mean() >= INSIDE)
