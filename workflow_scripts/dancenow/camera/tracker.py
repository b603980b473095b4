"""Track the camera of one shot from corners outside all people.

Corners of a key frame (Shi and Tomasi 1994) are followed into the frames after it (pyramidal Lucas-Kanade,
forth and back), and a similarity is fitted to those that agree (RANSAC), a homography where that is clearly
better. Every frame is measured against a key frame, not against its neighbour, and a camera that returns
to a place is measured against its key frame again, so errors do not accumulate over minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np

from dancenow.camera.path import moved_points

CORNERS = 240  # of a key frame
QUALITY = 0.005  # of the best corner's strength
APART = 0.016  # of the long edge: corners lie no nearer to each other
LEAST_CORNERS = 12  # least number of corners that agree
LEAST_SHARE = 0.35  # of the corners followed, that agree
BACK = 0.6  # px: a corner tracked forwards and backwards must return
TOLERANCE = 0.003  # of the long edge: corners this near to where a map puts them agree
WINDOW, PYRAMID_LEVELS = (21, 21), 3  # of Lucas-Kanade
# px: texture is what differs between means over these, contrast the spread over the latter
NEAR, AROUND = 3, 25
PLAIN = 1.0  # levels: less contrast than this is a plain wall's
BLIND_SECONDS = 0.2  # in a row; then the path continues from the camera's last place
# of the long edge: farther from its key frame, a frame becomes one, or another key frame is nearer
REACH = 0.08
FAST = 0.015  # of the long edge in a frame: so fast a camera is looked for where its last step would take it
KEYS = 32  # key frames kept
CLEAN_SECONDS = 0.4  # after a restart; until then a cross-fade's key frame holds corners of both pictures
BETTER = 1.25  # times as many corners must agree with a homography as with a similarity
BENDS = 0.02  # of the long edge: so much a homography may differ from the similarity at the picture's corners


@dataclass(frozen=True)
class _Key:
    """A key frame: its (H, W) grey picture, (N, 2) corners px, and (3, 3) map into the first frame's px."""

    grey: np.ndarray
    corners: np.ndarray
    there: np.ndarray


def texture(grey: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of a grey picture: its texture at one contrast and brightness everywhere.

    Without this, exposure that drifts by one level moves the corners of a wall whose texture has two.
    """
    near, around = (cv2.boxFilter(grey, cv2.CV_32F, (side, side)) for side in (NEAR, AROUND))
    spread = cv2.sqrBoxFilter(grey, cv2.CV_32F, (AROUND, AROUND))
    # in place, for new arrays would take longer than the arithmetic
    spread -= around * around
    cv2.sqrt(np.maximum(spread, 0, out=spread), dst=spread)
    spread += PLAIN
    detail = np.subtract(near, around, out=near)
    cv2.divide(detail, spread, dst=detail, scale=50)
    detail += 128
    return np.clip(detail, 0, 255, out=detail).astype(np.uint8)


class ShotTracker:
    """Feed a shot's frames in order: add(grey, outside) gives (3, 3) map or None, and how sure it is, 0..1.

    fps: of the frames; grey: (H, W) uint8; outside: () -> (H, W) uint8, 255 where nobody is, asked for key
    frames only. The map takes px of this frame to px of the shot's first. Memory is constant: KEYS key frames
    are kept. Attribute restarted: whether the last frame was not found from its key frame: it is known from
    its neighbour alone, or given the place where the camera was last. In a cross-fade, so the scene may
    change.
    """

    _key: _Key
    _before: tuple  # texture, outside and map of the last frame that is known

    def __init__(self, fps: Fraction | float) -> None:
        self._longest_loss, self._clean = (
            max(1, round(seconds * float(fps))) for seconds in (BLIND_SECONDS, CLEAN_SECONDS)
        )
        self._keys = []
        self._lost = 0
        self._pace: np.ndarray | None = None  # (3, 3): the last step of a fast camera
        self.restarted = False
        self._mixed: list[_Key] = []  # key frames since a restart, which may show two pictures at once
        self._since = 0  # frames found since then

    def add(self, grey: np.ndarray, outside: Callable[[], np.ndarray]) -> tuple[np.ndarray | None, float]:
        """The next frame's map and how sure it is, as the class says; its arguments too."""
        grey = texture(grey)
        self.restarted = False
        if not self._keys:
            self._size = grey.shape[::-1]
            self._long = max(self._size)
            self._edges = np.array(
                [(x, y) for x in (0, self._size[0] - 1) for y in (0, self._size[1] - 1)], float
            )
            self._add_key(grey, outside, np.eye(3))
            self._before = grey, outside, np.eye(3)
            return np.eye(3), float(len(self._key.corners) >= LEAST_CORNERS)
        self._renew()
        expected = self._before[2]
        if self._distance(self._key, expected) > REACH * self._long:
            self._choose_key(expected)
        found, sure = self._measure(self._key, grey, expected)
        if self._pace is not None:
            # where a pattern repeats, other places fit as well: a fast camera goes on rather than stops
            there = expected @ self._pace
            further, surer = self._measure(self._key, grey, there / there[2, 2])
            if surer > sure:
                found, sure = further, surer
        if found is None and self._key.grey is not self._before[0]:
            self._add_key(*self._before)
            found, sure = self._measure(self._key, grey, expected)
            self._restart()
        self._pace = None
        if found is not None:
            step = np.linalg.inv(expected) @ found
            if self._lost == 0 and self._way(step) > FAST * self._long:
                self._pace = step
            self._since += 1
            self._before, self._lost = (grey, outside, found), 0
            return found, sure
        self._lost += 1
        if self._lost >= self._longest_loss or not len(self._key.corners):
            # a whip pan, a flash, a fade: the frames in between are unknown, but later ones can be known
            self._add_key(grey, outside, expected)
            self._before, self._lost = (grey, outside, expected), 0
            self._restart()
        return found, sure

    def _restart(self) -> None:
        self.restarted, self._since = True, 0
        self._mixed = [*self._mixed, self._key][-KEYS:]

    def _renew(self) -> None:
        """A clean key frame instead of those of a cross-fade, or the next one would be followed unseen."""
        if self._mixed and self._since >= self._clean:
            self._keys = [key for key in self._keys if all(key is not mixed for mixed in self._mixed)]
            self._mixed = []
            self._add_key(*self._before)

    def _add_key(self, grey: np.ndarray, outside: Callable[[], np.ndarray], there: np.ndarray) -> None:
        corners = cv2.goodFeaturesToTrack(
            grey, CORNERS, QUALITY, max(3, APART * self._long), mask=outside(), blockSize=5
        )
        corners = np.zeros((0, 2), np.float32) if corners is None else corners[:, 0]
        self._key = _Key(grey, corners, there)
        self._keys = [*self._keys, self._key][-KEYS:]

    def _choose_key(self, expected: np.ndarray) -> None:
        """The nearest key frame, or a new one where none is near."""
        nearest = min(self._keys, key=lambda key: self._distance(key, expected))
        if nearest is not self._key and self._distance(nearest, expected) < REACH * self._long / 2:
            self._key = nearest
        else:
            self._add_key(*self._before)

    def _distance(self, key: _Key, there: np.ndarray) -> float:
        """px: the largest displacement of the picture's corners from a key frame."""
        return self._way(np.linalg.inv(key.there) @ there)

    def _way(self, move: np.ndarray) -> float:
        """px: the largest displacement of the picture's corners by a (3, 3) map."""
        return float(np.linalg.norm(moved_points(move, self._edges) - self._edges, axis=1).max())

    def _measure(self, key: _Key, grey: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray | None, float]:
        """The (3, 3) map of a frame by a key frame, or None, and how sure it is."""
        if len(key.corners) < LEAST_CORNERS:
            return None, 0.0
        guess = moved_points(np.linalg.inv(expected) @ key.there, key.corners.astype(float))
        here = _follow(key.grey, grey, key.corners, guess.astype(np.float32))
        good = np.isfinite(here).all(axis=1)
        if good.sum() < LEAST_CORNERS:
            return None, 0.0
        move, inside = self._fit(here[good], key.corners[good])
        count = int(inside.sum())
        if move is None or count < max(LEAST_CORNERS, LEAST_SHARE * good.sum()):
            return None, 0.0
        found = key.there @ move
        sure = count / good.sum() * min(1.0, count / (3 * LEAST_CORNERS))
        return found / found[2, 2], float(sure)

    def _fit(self, here: np.ndarray, there: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
        """((3, 3) map or None, (N,) bool which agree) of (N, 2) points of a frame onto those of its key."""
        tolerance = TOLERANCE * self._long
        cv2.setRNGSeed(0)  # RANSAC draws from it; the same clip must give the same path
        affine, inside = cv2.estimateAffinePartial2D(
            here, there, method=cv2.RANSAC, ransacReprojThreshold=tolerance, refineIters=20
        )
        if affine is None:
            return None, np.zeros(len(here), bool)
        similarity, inside = np.vstack([affine, [0, 0, 1]]), inside[:, 0] > 0
        if BETTER * inside.sum() > len(here):
            return similarity, inside
        bent, agree = cv2.findHomography(here, there, cv2.USAC_MAGSAC, tolerance)
        if bent is None or agree.sum() < BETTER * inside.sum():
            return similarity, inside
        difference = moved_points(bent, self._edges) - moved_points(similarity, self._edges)
        if not np.linalg.norm(difference, axis=1).max() < BENDS * self._long:
            return similarity, inside
        return bent, agree[:, 0] > 0


def _follow(before: np.ndarray, after: np.ndarray, corners: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """(N, 2) float32 px of corners in the picture `after`, NaN for those that are lost."""
    settings = {"winSize": WINDOW, "maxLevel": PYRAMID_LEVELS}
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, corners, guess.copy(), flags=cv2.OPTFLOW_USE_INITIAL_FLOW, **settings
    )
    back, returned, _ = cv2.calcOpticalFlowPyrLK(
        after, before, there, corners.copy(), flags=cv2.OPTFLOW_USE_INITIAL_FLOW, **settings
    )
    home = np.linalg.norm(back - corners, axis=1) < BACK
    return np.where(((found[:, 0] == 1) & (returned[:, 0] == 1) & home)[:, None], there, np.nan)
