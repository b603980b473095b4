"""Cuts that change only the framing, as a punch-in does: the scene goes on, and what is known of it holds.

The first frame behind a cut is laid over the last one before it by what both show (SIFT, Lowe 2004; matches
that fit one similarity, found by RANSAC). Keypoints on both sides of the cut would tell the same, but only to
about 1 % of the body height; corners tell it to a few tenths of a pixel.
"""

import cv2
import numpy as np

FEATURES = 1500  # of a frame
FEATURE_CONTRAST = 0.02  # of a feature; half of OpenCV's, for rooms have plain walls
DISTINCT_RATIO = 0.75  # Lowe's ratio: the best match is so much nearer than the second
MATCH_TOLERANCE = 0.003  # of the long edge, of RANSAC
LEAST_MATCHES = 12  # that agree
MOST_ZOOM = 4.0  # from one framing to another
MOST_TURN = 10.0  # degrees
# of the pictures laid over each other: logos and subtitles alone also match, and do not make them alike
LEAST_CORRELATION = 0.7  # correlation
LEAST_SHARED = 0.1  # of the smaller picture that both show


def lay_over(
    picture: np.ndarray,
    other: np.ndarray,
    outside: np.ndarray | None = None,
    other_outside: np.ndarray | None = None,
) -> np.ndarray | None:
    """The (3, 3) similarity from px of a picture to px of another one; None if that shows another scene.

    picture, other: (H, W, 3) uint8 RGB of one size; outside, other_outside: (H, W) uint8, 255 where nobody
    is, or None.
    """
    grey, other = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other))
    sift = cv2.SIFT_create(FEATURES, contrastThreshold=FEATURE_CONTRAST)
    corners, here = sift.detectAndCompute(grey, outside)
    others, there = sift.detectAndCompute(other, other_outside)
    if min(len(corners), len(others)) < LEAST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(here, there, k=2)
    good = [best for best, second in pairs if best.distance < DISTINCT_RATIO * second.distance]
    if len(good) < LEAST_MATCHES:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws from it; the same clip must give the same map
    view, agree = cv2.estimateAffinePartial2D(
        np.array([corners[match.queryIdx].pt for match in good], np.float32),
        np.array([others[match.trainIdx].pt for match in good], np.float32),
        method=cv2.RANSAC,
        ransacReprojThreshold=MATCH_TOLERANCE * max(grey.shape),
        maxIters=5000,
        confidence=0.999,
        refineIters=20,
    )
    if view is None or agree.sum() < LEAST_MATCHES or not _plausible(view) or not _alike(grey, other, view):
        return None
    return np.vstack([view, [0, 0, 1]])


def _plausible(view: np.ndarray) -> bool:
    zoom, turn = np.hypot(*view[:, 0]), abs(np.degrees(np.arctan2(view[1, 0], view[0, 0])))
    return 1 / MOST_ZOOM <= zoom <= MOST_ZOOM and turn <= MOST_TURN


def _alike(grey: np.ndarray, other: np.ndarray, view: np.ndarray) -> bool:
    """Whether a grey picture, laid over another, shows the same there."""
    zoom, size = np.hypot(*view[:, 0]), other.shape[::-1]
    # the coarser of the two has not the other's details
    fine = cv2.GaussianBlur(grey, (0, 0), max(1, 1 / zoom))
    coarse = cv2.GaussianBlur(other, (0, 0), max(1, zoom))
    both = cv2.warpAffine(np.full(grey.shape, 255, np.uint8), view, size) == 255
    if both.sum() < LEAST_SHARED * min(other.size, grey.size * zoom**2):
        return False
    a, b = (part[both].astype(np.float64) for part in (cv2.warpAffine(fine, view, size), coarse))
    a, b = a - a.mean(), b - b.mean()
    strength = np.sqrt((a * a).sum() * (b * b).sum())
    return bool((a * b).sum() >= LEAST_CORRELATION * max(strength, 1e-9))
