"""The clothes of people as a few colours: enough to distinguish people and to recognise them again."""

import cv2
import numpy as np

from dancenow.keypoints import BODY, INDEX, MIN_CONFIDENCE, SIDES

_LIGHTNESS = 0.5  # weight of lightness relative to hue and saturation: shadows change it most


def _sampling() -> tuple[np.ndarray, np.ndarray]:
    """Sampling points: (S, 17) shares of the body joints that give each point, and the (S,) region of each.

    Region 0 is the trunk, then upper arms, forearms, thighs and shins, each between its joints, both sides.
    """
    shares, regions = [], []

    def sample(region: int, **joints: float) -> None:
        row = np.zeros(BODY.stop)
        for name, share in joints.items():
            row[INDEX[name]] = share
        shares.append(row)
        regions.append(region)

    for along in np.linspace(0.2, 0.8, 7):
        for left in (0.25, 0.5, 0.75):
            corners = {"left_shoulder": left * (1 - along), "right_shoulder": (1 - left) * (1 - along)}
            sample(0, **corners, left_hip=left * along, right_hip=(1 - left) * along)
        for region, (a, b) in enumerate(
            (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle")), 1
        ):
            for side in SIDES:
                sample(region, **{f"{side}_{a}": 1 - along, f"{side}_{b}": along})
    return np.array(shares), np.array(regions)


_SHARES, _REGION = _sampling()
CLOTHES_REGIONS = int(_REGION.max()) + 1


def look_at(frame: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(P, R, 3) float32: median CIELAB colours of trunk, upper arms, forearms, thighs and shins, R regions.

    frame: (H, W, 3) uint8 RGB; people: (P, 133, 3) px. A region whose joints are missing is NaN.
    """
    looks = np.full((len(people), CLOTHES_REGIONS, 3), np.nan, np.float32)
    for look, person in zip(looks, people[:, BODY], strict=True):
        column, row = np.rint(_SHARES @ person[:, :2]).astype(int).T
        seen = (_SHARES > 0) @ (person[:, 2] < MIN_CONFIDENCE) == 0
        seen &= (column >= 0) & (column < frame.shape[1]) & (row >= 0) & (row < frame.shape[0])
        if not seen.any():
            continue
        pixels = frame[row[seen], column[seen]][None].astype(np.float32) / 255
        colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0]
        for region in np.unique(_REGION[seen]):
            look[region] = np.median(colours[_REGION[seen] == region], axis=0)
    return looks


def typical(looks: np.ndarray) -> np.ndarray:
    """(R, 3) median of (n, R, 3) looks; NaN for a region that is always missing."""
    seen = np.isfinite(looks[..., 0])
    result = np.full(looks.shape[1:], np.nan, np.float32)
    for region in np.flatnonzero(seen.any(axis=0)):
        result[region] = np.median(looks[seen[:, region], region], axis=0)
    return result


def unlike(looks: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(...) mean colour difference of (..., R, 3) looks, NaN if they have no region in common.

    2 is just visible. On real clips, one person's typical looks at two times differ by 1 to 3, those of two
    people in the same clothes by 6, those of most others by 10 to 60.
    """
    apart = np.linalg.norm((looks - others) * np.array([_LIGHTNESS, 1, 1], np.float32), axis=-1)
    seen = np.isfinite(apart)
    count = seen.sum(axis=-1)
    return np.where(count, np.where(seen, apart, 0).sum(axis=-1) / np.maximum(count, 1), np.nan)
