"""References for the side of a person that the footage does not show.

From behind, a body has the mirror image of its outline from the front. So a mirrored frame with the same
names of the joints is a frame from behind: limbs are copied from it, and of head and trunk, whose other side
looks different, the outline alone, in the colours of hair and cloth.
"""

import cv2
import numpy as np

from dancenow.keypoints import COUNT, FACE, MIN_CONFIDENCE

# costs, in units of likeness: what was really seen in a similar pose is better
MIRRORED_COST, UNSEEN_COST = 0.2, 1.0
COLOUR_ALIKE = 40  # of 255: largest difference from the usual colour
SOLID_FROM = 128  # of 255: validity from which a pixel's own colour is known
FOREHEAD = 0.5  # of the way from chin to brows: how far above the brows the face ends
# how far colours spread into what was taken away, shares of the standing height, with weights: far ones
# count where there are no near ones
SPREADING = ((0.02, 1.0), (0.06, 1e-3), (0.2, 1e-6))
FILL_EDGE = 0.005  # of the standing height, over which filled colours pass into others


def mirrored(keypoints: np.ndarray) -> np.ndarray:
    """Keypoints (..., 3) px with x negated: left stays left, so that a front becomes a back."""
    return keypoints * np.array([-1, 1, 1], keypoints.dtype)


def mirrored_piece(piece: tuple[int, int, np.ndarray]) -> tuple[int, int, np.ndarray]:
    """A piece (x, y, (h, w, 4)) where `mirrored` puts its keypoints."""
    x, y, rgba = piece
    return 1 - x - rgba.shape[1], y, np.ascontiguousarray(rgba[:, ::-1])


def without_face(piece: tuple[int, int, np.ndarray], keypoints: np.ndarray, unit: float) -> np.ndarray:
    """(h, w, 4) uint8: a head's piece with hair where its face is.

    piece: (x, y, premultiplied RGBA); keypoints: (133, 3) px, of the same frame; unit: standing height px.
    """
    x, y, rgba = piece
    face = keypoints[np.arange(COUNT)[FACE]]
    face = face[face[:, 2] >= MIN_CONFIDENCE, :2]
    colours, solid = _colours(rgba)
    if len(face) < 3:
        return rgba
    jaw, brows = face[:, 1].max(), face[:, 1].min()
    above = face - np.array([0.0, FOREHEAD * (jaw - brows)])
    outline = cv2.convexHull(np.concatenate([face, above]).astype(np.float32) - np.array([x, y], np.float32))
    hidden = np.zeros(solid.shape, np.uint8)
    cv2.fillConvexPoly(hidden, np.rint(outline).astype(np.int32), 1)
    if not (solid & (hidden > 0)).any():
        return rgba
    skin = np.median(colours[solid & (hidden > 0)], axis=0)
    height = np.broadcast_to(np.arange(len(rgba))[:, None] + y, solid.shape)
    bare = (hidden > 0) | ((height < jaw) & (np.abs(colours - skin).max(axis=2) < COLOUR_ALIKE))
    crown = solid & (height < brows)  # of short hair, the sides show ears and cheeks
    known = crown & ~bare if (crown & ~bare).any() else crown
    return spread(rgba, known, bare & (rgba[..., 3] > 0), unit)


def without_print(rgba: np.ndarray, unit: float) -> np.ndarray:
    """(h, w, 4) uint8: a trunk's piece that shows in each row what most of it shows: no print, no buttons.

    rgba: (h, w, 4) uint8 premultiplied; unit: standing height px.
    """
    colours, solid = _colours(rgba)
    rows = np.flatnonzero(solid.any(axis=1))
    if not len(rows):
        return rgba
    usual = np.stack([np.median(colours[row][solid[row]], axis=0) for row in rows])
    nearest = np.abs(np.arange(len(rgba))[:, None] - rows).argmin(axis=1)
    plain = np.abs(colours - usual[nearest][:, None]).max(axis=2) < COLOUR_ALIKE
    return spread(rgba, solid & plain, solid & ~plain, unit)


def spread(rgba: np.ndarray, known: np.ndarray, wanted: np.ndarray, unit: float) -> np.ndarray:
    """A piece (h, w, 4) uint8 of the same validity with the colours of `known` places, smoothed, in `wanted`
    ones; both (h, w) bool. As it is if nothing is known."""
    if not (known.any() and wanted.any()):
        return rgba
    colours, _ = _colours(rgba)
    share = known.astype(np.float32)
    total, weight = np.zeros_like(colours), np.full(share.shape, 1e-12, np.float32)
    for reach in SPREADING:  # near colours first
        total += reach[1] * cv2.GaussianBlur(colours * share[..., None], None, reach[0] * unit)
        weight += reach[1] * cv2.GaussianBlur(share, None, reach[0] * unit)
    edge = cv2.GaussianBlur(wanted.astype(np.float32), None, FILL_EDGE * unit)[..., None]
    edge = np.maximum(edge, wanted[..., None])
    own, validity = rgba[..., :3].astype(np.float32), rgba[..., 3:].astype(np.float32)
    result = rgba.copy()
    result[..., :3] = np.rint(own + edge * (total / weight[..., None] * validity / 255 - own))
    return np.minimum(result, rgba[..., 3:])


def _colours(rgba: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A piece's own colours (h, w, 3) float32, and where they are known, (h, w) bool."""
    validity = rgba[..., 3:].astype(np.float32)
    return 255 * rgba[..., :3].astype(np.float32) / np.maximum(validity, 1), rgba[..., 3] >= SOLID_FROM
