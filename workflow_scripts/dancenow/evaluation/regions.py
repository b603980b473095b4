"""The parts of a frame in which pictures are compared: all of it, the person, the face, the hands."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dancenow.evaluation.metrics import perceptual_in_box, person_box, psnr_in_box, ssim_in_box
from dancenow.evaluation.names import FACE, FRAME, HANDS, MASK, PERSON
from dancenow.keypoints import LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND
from dancenow.model.background import person_mask
from dancenow.model.face import face_corners

# Edges of the squares as a share of the standing height: a head with its hair is about 0.17 high, an
# outstretched hand 0.11. They do not follow the keypoints' extent, which would make them tremble.
FACE_SHARE = 0.2
HAND_SHARE = 0.15
# of 255: from this difference on, a pixel is not background. Chosen by masks: docs/lab/results.md
BACKGROUND_DIFFERENCE = 30
CLOSING = 5  # px, holes of about this size in the mask are filled


class Region(NamedTuple):
    """Where pictures are compared: the mean over one or more boxes; mask as in metrics, or None."""

    boxes: list
    mask: np.ndarray | None = None


def silhouette(frame: np.ndarray, background: np.ndarray, keypoints: np.ndarray) -> np.ndarray:
    """The pixels of the person: near the skeleton, and different from the background. (H, W) bool.

    frame, background: (H, W, 3) uint8 RGB; keypoints: (133, 3) px. Near is dancenow.model.background's
    generous mask; unlike is a colour channel BACKGROUND_DIFFERENCE or more off. A shadow next to the feet is
    included; clothes in the background's colour are left out; with a moving camera everything
    near the skeleton counts.
    """
    height, width = frame.shape[:2]
    unlike = cv2.absdiff(frame, np.ascontiguousarray(background)).max(axis=2) >= BACKGROUND_DIFFERENCE
    near = person_mask(keypoints, width, height)
    kernel = np.ones((CLOSING, CLOSING), np.uint8)
    return cv2.morphologyEx((near & unlike).astype(np.uint8), cv2.MORPH_CLOSE, kernel).astype(bool)


def regions_of(
    keypoints: np.ndarray, mask: np.ndarray, body_height: float, valid: np.ndarray | None = None
) -> dict[str, Region]:
    """{name in REGIONS: Region} of one frame; a region that the frame does not show is left out.

    keypoints: (133, 3) px, the person in the truth; mask: (H, W) bool, as from `silhouette`; body_height:
    px, as from `standing_height`; valid: (H, W) bool, what the frame shows, or None for all: the rest is in
    no region. Where nobody is seen, only the whole frame is left.
    """
    regions = _regions_of_all(keypoints, mask, body_height)
    if valid is None:
        return regions
    shown = {
        name: [box for box in region.boxes if valid[box[1] : box[3], box[0] : box[2]].any()]
        for name, region in regions.items()
    }
    masks = {name: valid if region.mask is None else region.mask & valid for name, region in regions.items()}
    return {
        name: Region(boxes, masks[name])
        for name, boxes in shown.items()
        if boxes and all(masks[name][y0:y1, x0:x1].any() for x0, y0, x1, y1 in boxes)
    }


def _regions_of_all(keypoints: np.ndarray, mask: np.ndarray, body_height: float) -> dict[str, Region]:
    height, width = mask.shape
    regions = {FRAME: Region([(0, 0, width, height)])}
    person = person_box(keypoints, width, height)
    if person is None:
        return regions
    regions[PERSON] = Region([person])
    if mask[person[1] : person[3], person[0] : person[2]].any():
        regions[MASK] = Region([person], mask)
    face, hands = _face_box(keypoints, width, height, body_height), []
    if face:
        regions[FACE] = Region([face])
    for part in (LEFT_HAND, RIGHT_HAND):
        seen = keypoints[part][keypoints[part, 2] >= MIN_CONFIDENCE, :2]
        if len(seen):
            hands.append(_square(seen.mean(axis=0), HAND_SHARE * body_height, width, height))
    hands = [box for box in hands if box]
    if hands:
        regions[HANDS] = Region(hands)
    return regions


def compare(
    networks: Iterable, images: Sequence[np.ndarray], truth: np.ndarray, region: Region
) -> np.ndarray:
    """SSIM, PSNR (dB) and the networks' distances of each of N images to the truth in a region.

    Each is the mean over the region's boxes. networks: K PerceptualNetworks. Returns (2 + K, N) float64.
    """
    values = []
    for box in region.boxes:
        similarity = [ssim_in_box(image, truth, box, region.mask) for image in images]
        noise = [psnr_in_box(image, truth, box, region.mask) for image in images]
        far = [perceptual_in_box(network, images, truth, box, region.mask) for network in networks]
        values.append([similarity, noise, *far])
    return np.mean(values, axis=0)


def _face_box(keypoints: np.ndarray, width: int, height: int, body_height: float) -> tuple | None:
    edge = min(round(FACE_SHARE * body_height), width, height)
    corners, visible = face_corners(keypoints[None], edge, (0, 0, width, height))
    x, y = corners[0].tolist()
    return (x, y, x + edge, y + edge) if visible[0] and edge else None


def _square(centre: np.ndarray, edge: float, width: int, height: int) -> tuple | None:
    """The part inside the frame of a square with an edge of `edge` px; None where there is none."""
    x0, y0 = np.floor(centre - edge / 2).astype(int).tolist()
    x1, y1 = np.ceil(centre + edge / 2).astype(int).tolist()
    box = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    return box if box[0] < box[2] and box[1] < box[3] else None
