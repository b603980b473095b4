"""The performer's mask in each frame: soft, from MediaPipe's models or by difference from the background.

Shadows belong to neither the person nor the mask.
"""

import logging
from contextlib import closing

import cv2
import numpy as np

from dancenow.camera.steady_frames import valid_of
from dancenow.keypoints import Pose
from dancenow.model.background import make_background, reach
from dancenow.pictures import Frames
from dancenow.pose.estimators.mediapipe_masks import MaskAround
from dancenow.pose.masks import MaskPacker, Masks, holds

log = logging.getLogger(__name__)

# differences from the background, of 255, at which a pixel starts to count as the person, and fully counts
DIFFERENCE = (12, 28)
CLOSING = 5  # px, holes of about this size are filled
# of a shadow: least remaining share of the light, and largest relative difference between the channels
DARKEST, UNEVEN = 0.25, 0.15


def performer_masks(
    frames: Frames, pose: Pose, found: Frames | None, training_frames: int
) -> tuple[Masks, int]:
    """The performer's Masks, and the number of frames whose mask is no difference.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; found: Masks of the estimator, of
    everyone it saw, or None; training_frames: number of frames from the start that may be used for the
    background. A mask of the estimator is used if it covers the performer; else what MediaPipe finds around
    the skeleton, if that does; else the difference from the background, near the skeleton.
    """
    packer, background = MaskPacker(pose.width, pose.height), None
    theirs, around = 0, 0
    with closing(MaskAround()) as model:
        for index, points in enumerate(pose.keypoints):
            near = reach(points, pose.width, pose.height)
            if not near.any():
                packer.add(None)
                continue
            mask = found[index] if found is not None else None
            if mask is not None and holds(mask, points):
                theirs += 1
            elif holds(mask := model.mask(frames[index], points), points):
                around += 1
            else:
                if background is None:
                    background = make_background(frames, pose, training_frames)
                mask = difference(frames[index], background)
            shown = valid_of(frames, index)
            packer.add(mask * near if shown is None else mask * near * shown)
    log.info(
        "masks of %d frames: %d from the estimator, %d by MediaPipe around the skeleton",
        len(pose.keypoints), theirs, around,
    )  # fmt: skip
    return packer.packed(), theirs + around


def difference(frame: np.ndarray, background: np.ndarray) -> np.ndarray:
    """(H, W) uint8: difference of a frame from the background, without shadows. Both (H, W, 3) uint8."""
    low, high = DIFFERENCE
    apart = cv2.absdiff(frame, background).max(axis=2).astype(np.float32)
    mask = np.clip((apart - low) / (high - low), 0, 1)
    # a shadow is the background, darker by one factor in all channels
    ratio = cv2.divide(
        *(cv2.blur(picture, (CLOSING, CLOSING)).astype(np.float32) + 2 for picture in (frame, background))
    )
    most, least = ratio.max(axis=2), ratio.min(axis=2)
    mask[(most < 1) & (least > DARKEST) & (most - least < UNEVEN * most)] = 0
    kernel = np.ones((CLOSING, CLOSING), np.uint8)
    return cv2.morphologyEx(np.rint(255 * mask).astype(np.uint8), cv2.MORPH_CLOSE, kernel)
