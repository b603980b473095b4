"""Where the performer is in each frame: a soft mask, the estimator's or by difference from the background.

Shadows belong to neither the person nor the mask.
"""

import logging
import zipfile

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.keypoints import MIN_CONFIDENCE
from dancenow.plate import make_plate, reach

log = logging.getLogger(__name__)

LEVELS = 8  # of a stored mask: its edge is about three pixels wide, and PNG holds few levels in few bytes
# of the guided filter (He et al. 2010) that moves a mask's edge to the picture's
RADIUS, SMOOTHNESS = 4, 1e-3
# the difference from the background, of 255, at which a pixel begins to count as the person, and does wholly
DIFFERENCE = (12, 28)
CLOSING = 5  # px, holes of about this size are filled
# of a shadow: the least that is left of the light, and how unlike the channels may be, as a share
DARKEST, UNEVEN = 0.25, 0.15
TRUNK_AND_LIMBS = slice(5, 17)
LEAST_POINTS = 4
INSIDE = 0.8  # share of these points


class Masks:
    """The masks of a clip, compressed: masks[i] is (height, width) uint8, 255 where the person is.

    data: (B,) uint8, PNG files one after another; ends: (T,) int64, where each ends; an empty one shows
    nobody.
    """

    def __init__(self, data, ends, width, height):
        self.data, self.ends, self.width, self.height = data, ends, width, height

    def __len__(self):
        return len(self.ends)

    def __getitem__(self, index):
        start = int(self.ends[index - 1]) if index else 0
        data = self.data[start : int(self.ends[index])]
        if not len(data):
            return np.zeros((self.height, self.width), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


class MaskPacker:
    """Collects the masks of a clip, frame by frame."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.parts, self.ends, self.size = [], [], 0

    def add(self, mask):
        """The next frame's (height, width) uint8, or None where nobody is."""
        if mask is not None and mask.any():
            levels = np.rint(mask * np.float32((LEVELS - 1) / 255)) * np.float32(255 / (LEVELS - 1))
            data = cv2.imencode(".png", np.rint(levels).astype(np.uint8))[1].ravel()
            self.parts.append(data)
            self.size += len(data)
        self.ends.append(self.size)

    def packed(self):
        """All of them, as Masks."""
        data = np.concatenate(self.parts) if self.parts else np.zeros(0, np.uint8)
        return Masks(data, np.array(self.ends, np.int64), self.width, self.height)


def save_masks(path, masks):
    """Write Masks as .npz, whole or not at all."""
    with atomic_path(path) as partial:
        np.savez(partial, **vars(masks))


def load_masks(path):
    """Read Masks; InputError names a file that is not one."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            fields = {name: stored[name] for name in ("data", "ends", "width", "height")}
        return Masks(fields["data"], fields["ends"], int(fields["width"]), int(fields["height"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        remedy = "delete it, the workflow makes it again"
        raise InputError(f"{path}: not a file of masks ({error}); {remedy}") from error


def sharpen(frame, mask):
    """A mask whose edge follows the picture's. frame: (H, W, 3) uint8; mask: (H, W) float32 in [0, 1]."""
    guide = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255

    def mean(picture):
        return cv2.blur(picture, (2 * RADIUS + 1, 2 * RADIUS + 1))

    around, level = mean(guide), mean(mask)
    slope = (mean(guide * mask) - around * level) / (mean(guide * guide) - around * around + SMOOTHNESS)
    return np.clip(mean(slope) * guide + mean(level - slope * around), 0, 1)


def performer_masks(frames, pose, found, training_frames):
    """The performer's Masks, and how many frames have the estimator's.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; found: Masks of the estimator, of
    whoever it followed, or None; training_frames: how many frames from the start may teach the background. A
    mask of the estimator counts where it holds the performer; elsewhere it is what differs from the
    background within reach of the skeleton.
    """
    packer, plate, own = MaskPacker(pose.width, pose.height), None, 0
    for index, points in enumerate(pose.keypoints):
        near = reach(points, pose.width, pose.height)
        if not near.any():
            packer.add(None)
            continue
        mask = found[index] if found is not None else None
        if mask is not None and holds(mask, points):
            own += 1
        else:
            plate = make_plate(frames, pose, training_frames) if plate is None else plate
            mask = difference(frames[index], plate)
        packer.add(mask * near)
    log.info("masks of %d frames: %d from the estimator", len(pose.keypoints), own)
    return packer.packed(), own


def holds(mask, keypoints):
    """Whether a (H, W) uint8 mask shows this person: most body points of the (133, 3) keypoints lie in it."""
    points = keypoints[TRUNK_AND_LIMBS]
    points = points[points[:, 2] >= MIN_CONFIDENCE, :2]
    if len(points) < LEAST_POINTS:
        return False
    x, y = np.rint(points).astype(int).T
    inside = mask[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)] > 0
    return bool(inside.mean() >= INSIDE)


def difference(frame, plate):
    """(H, W) uint8: how far a frame differs from the background, a shadow aside. Both (H, W, 3) uint8."""
    low, high = DIFFERENCE
    apart = cv2.absdiff(frame, plate).max(axis=2).astype(np.float32)
    mask = np.clip((apart - low) / (high - low), 0, 1)
    # a shadow is the background, darker by one factor in all channels
    ratio = cv2.divide(
        *(cv2.blur(picture, (CLOSING, CLOSING)).astype(np.float32) + 2 for picture in (frame, plate))
    )
    most, least = ratio.max(axis=2), ratio.min(axis=2)
    mask[(most < 1) & (least > DARKEST) & (most - least < UNEVEN * most)] = 0
    kernel = np.ones((CLOSING, CLOSING), np.uint8)
    return cv2.morphologyEx(np.rint(255 * mask).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
