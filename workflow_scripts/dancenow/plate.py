"""The background plate: what the camera sees behind the target."""

import logging

import cv2
import numpy as np

from dancenow.keypoints import FACE, MIN_CONFIDENCE

log = logging.getLogger(__name__)

SAMPLES = 240
# a pixel seen in fewer samples than this share shows hair or clothes that the mask missed, not the wall
LEAST_SEEN = 0.03
# half-width of a limb as a share of the body height: generous, so that clothes and hair are masked too
LIMB_SHARE = 0.07


def person_mask(keypoints, width, height):
    """Roughly where the person is: a filled hull of the joints, widened by a limb's width.

    keypoints: (133, 3) px. Returns (height, width) bool; nothing is masked where nobody is seen.
    """
    mask = np.zeros((height, width), np.uint8)
    seen = keypoints[keypoints[:, 2] >= MIN_CONFIDENCE, :2]
    if len(seen) < 3:
        return mask.astype(bool)
    tall = float(np.ptp(seen[:, 1]))
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(seen).astype(np.int32)), 1)
    radius = max(1, round(tall * LIMB_SHARE))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    mask = cv2.dilate(mask, disc)
    face = keypoints[FACE]
    head = face[face[:, 2] >= MIN_CONFIDENCE, :2]
    if not len(head):
        head = keypoints[:5][keypoints[:5, 2] >= MIN_CONFIDENCE, :2]
    if len(head):
        cv2.circle(mask, tuple(np.rint(head.mean(axis=0)).astype(int).tolist()), round(tall * 0.13), 1, -1)
    return mask.astype(bool)


def make_plate(frames, pose, training_frames):
    """The temporal median of what lies outside the person.

    frames: sequence of (H, W, 3) uint8 RGB; pose: the performer in them; training_frames: how many
    frames from the start may be looked at (held-out footage stays unseen).
    Returns (H, W, 3) uint8 RGB. Pixels that the person covers in nearly all sampled frames are filled from
    their surroundings (cv2.inpaint), and how many they are is logged.
    """
    chosen = np.unique(np.linspace(0, training_frames - 1, min(SAMPLES, training_frames)).astype(int))
    stack = np.stack([frames[int(index)] for index in chosen])
    masks = np.stack([person_mask(pose.keypoints[index], pose.width, pose.height) for index in chosen])
    plate = np.zeros(stack.shape[1:], np.uint8)
    seen = (~masks).sum(axis=0) > LEAST_SEEN * len(chosen)
    for row in range(len(plate)):  # by rows: a float stack of all samples would be too large
        known = seen[row]
        visible = np.where(masks[:, row, known, None], np.nan, stack[:, row, known].astype(np.float32))
        plate[row, known] = np.rint(np.nanmedian(visible, axis=0))
    if not seen.all():
        plate = cv2.inpaint(plate, (~seen).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    share = 100 * float((~seen).mean())
    log.info("plate from %d frames; %.1f %% of it was hardly ever seen and is filled in", len(chosen), share)
    return plate
