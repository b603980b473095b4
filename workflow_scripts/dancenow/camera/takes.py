"""Cuts that change only the framing, such as a punch-in: the scene continues, with what is known about it.

A frame behind a cut is laid over one before it by what both show (SIFT, Lowe 2004; matches
that fit one similarity, found by RANSAC). Keypoints on both sides of the cut would tell the same, but only to
about 1 % of the body height; corners tell it to a few tenths of a pixel.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from dancenow.video.cuts import NOISE, PATTERN_GRID

FEATURES = 1500  # of a frame
FEATURE_CONTRAST = 0.02  # of a feature; half of OpenCV's default, because rooms have plain walls
DISTINCT_RATIO = 0.75  # Lowe's ratio: the best match is so much nearer than the second
MATCH_TOLERANCE = 0.003  # of the long edge, of RANSAC
LEAST_MATCHES = 12  # that agree
MOST_ZOOM = 4.0  # from one framing to another
MOST_TURN = 10.0  # degrees
# of the aligned pictures: logos and subtitles alone also match, and do not make pictures alike
LEAST_CORRELATION = 0.7  # correlation
LEAST_SHARED = 0.1  # of the smaller picture that both show
MANY_CORNERS = 100  # of each, and one scene would have matched
LEAST_COMPARED = 0.2  # of the picture beside people, to tell another scene
# 1 - correlation of what lies beside people, half of that by which cuts are told: these are known already
ANOTHER_SCENE = 0.12


@dataclass(frozen=True)
class Look:
    """What a frame shows: grey, (H, W) uint8; outside, the same, 255 where nobody is; SIFT's corners there,
    (N, 2) px, and their features, (N, 128)."""

    grey: np.ndarray
    outside: np.ndarray
    corners: np.ndarray
    features: np.ndarray


def look_at(picture: np.ndarray, outside: np.ndarray) -> Look:
    """The Look of a (H, W, 3) uint8 RGB picture."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    sift = cv2.SIFT_create(FEATURES, contrastThreshold=FEATURE_CONTRAST)
    corners, features = sift.detectAndCompute(grey, outside)
    if features is None:
        features = np.zeros((0, 128), np.float32)
    return Look(grey, outside, np.array([corner.pt for corner in corners], np.float32), features)


def lay_over(look: Look, other: Look) -> np.ndarray | None:
    """The (3, 3) similarity from px of one Look to px of another one; None if that shows another scene."""
    if min(len(look.corners), len(other.corners)) < LEAST_MATCHES:
        return None
    pairs = cv2.BFMatcher().knnMatch(look.features, other.features, k=2)
    good = [best for best, second in pairs if best.distance < DISTINCT_RATIO * second.distance]
    if len(good) < LEAST_MATCHES:
        return None
    cv2.setRNGSeed(0)  # RANSAC draws from it; the same clip must give the same map
    view, agree = cv2.estimateAffinePartial2D(
        look.corners[[match.queryIdx for match in good]],
        other.corners[[match.trainIdx for match in good]],
        method=cv2.RANSAC,
        ransacReprojThreshold=MATCH_TOLERANCE * max(look.grey.shape),
        maxIters=5000,
        confidence=0.999,
        refineIters=20,
    )
    if view is None or agree.sum() < LEAST_MATCHES or not _plausible(view):
        return None
    return np.vstack([view, [0, 0, 1]]) if _alike(look, other, view) else None


def differ(look: Look, other: Look) -> bool:
    """Whether two Looks of one size, of which lay_over gives None, show different scenes.

    With many corners in both they do. Else they are compared as they lie, brightness and contrast divided out
    as for cuts; False where little can be compared.
    """
    if min(len(look.corners), len(other.corners)) >= MANY_CORNERS:
        return True
    both = ((look.outside > 0) & (other.outside > 0)).astype(np.float32)
    there = cv2.resize(both, (PATTERN_GRID, PATTERN_GRID), interpolation=cv2.INTER_AREA)
    shared = there > 0.5
    if shared.mean() < LEAST_COMPARED:
        return False
    patterns = []
    for each in (look, other):
        small = cv2.resize(each.grey * both, (PATTERN_GRID, PATTERN_GRID), interpolation=cv2.INTER_AREA)
        levels = small[shared] / there[shared]
        patterns.append((levels - levels.mean()) / np.sqrt(levels.var() + NOISE**2))
    return bool(np.square(patterns[0] - patterns[1]).mean() / 2 > ANOTHER_SCENE)


def _plausible(view: np.ndarray) -> bool:
    zoom, turn = np.hypot(*view[:, 0]), abs(np.degrees(np.arctan2(view[1, 0], view[0, 0])))
    return 1 / MOST_ZOOM <= zoom <= MOST_ZOOM and turn <= MOST_TURN


def _alike(look: Look, other: Look, view: np.ndarray) -> bool:
    """Whether a Look, aligned with another, shows the same beside people: they move, and would decide."""
    zoom, size = np.hypot(*view[:, 0]), other.grey.shape[::-1]
    # the coarser picture lacks the other's details
    fine = cv2.GaussianBlur(look.grey, (0, 0), max(1, 1 / zoom))
    coarse = cv2.GaussianBlur(other.grey, (0, 0), max(1, zoom))
    both = (cv2.warpAffine(look.outside, view, size) == 255) & (other.outside == 255)
    if both.sum() < LEAST_SHARED * min(other.grey.size, look.grey.size * zoom**2):
        return False
    a, b = (part[both].astype(np.float64) for part in (cv2.warpAffine(fine, view, size), coarse))
    a, b = a - a.mean(), b - b.mean()
    strength = np.sqrt((a * a).sum() * (b * b).sum())
    return bool((a * b).sum() >= LEAST_CORRELATION * max(strength, 1e-9))
