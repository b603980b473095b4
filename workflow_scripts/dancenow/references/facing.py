"""Which way a body is up in the picture, and which side of it is seen."""

import numpy as np

from dancenow.keypoints import INDEX
from dancenow.references.body_parts import kind

# rad: a lean that footage of people on their feet shows. What leans more is compared as if it leaned so much:
# nobody is filmed standing on their head, but a turned piece shows it
LEANING = np.radians(45)
# of the standing height: the length from which the direction of a trunk or a shank, and of a neck, is sure
SURE_DIRECTION, SURE_NECK = 0.1, 0.05
EARS_LIKE_SHOULDERS = 3.0  # times the distance of the ears is about that of the shoulders


def overturned(keypoints: np.ndarray, unit: float, part: str) -> np.ndarray:
    """(T,) float32, rad, clockwise: how much more than LEANING a part leans.

    keypoints: (T, 133, 3) px; unit: the standing height, px; part: of references.body_parts.PARTS. A head
    leans with the neck, a foot with its shank, everything else with the trunk. From head-on, where such a
    bone has no direction, it leans less.
    """
    points = keypoints[..., :2].astype(np.float32)

    def middle(joint: str) -> np.ndarray:
        return (points[:, INDEX[f"left_{joint}"]] + points[:, INDEX[f"right_{joint}"]]) / 2

    if part == "head":
        up = middle("ear") - middle("shoulder")
    elif kind(part) == "foot":
        side = part.split("_")[0]
        up = points[:, INDEX[f"{side}_knee"]] - points[:, INDEX[f"{side}_ankle"]]
    else:
        up = middle("shoulder") - middle("hip")
    angle = np.arctan2(up[:, 0], -up[:, 1])
    sure = (SURE_NECK if part == "head" else SURE_DIRECTION) * unit
    return (angle - np.clip(angle, -LEANING, LEANING)) * np.clip(np.hypot(*up.T) / sure, 0, 1)


def upright(offsets: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(T, 2) float32: offsets (T, 2) turned back by angles (T,), as from `overturned`; unchanged by 0."""
    (x, y), cos, sin = offsets.T, np.cos(angle), np.sin(angle)
    return np.stack([cos * x + sin * y, cos * y - sin * x], axis=1)


def turned(keypoints: np.ndarray, unit: float, part: str = "trunk") -> np.ndarray:
    """(T,) float32: distance of the left shoulder to the right of the right one, as seen when the body stands
    upright; negative from behind.

    For the head, which turns by itself, that of the ears, as many times as they are nearer to each other.
    """
    joint, times = ("ear", EARS_LIKE_SHOULDERS) if part == "head" else ("shoulder", 1.0)
    left, right = (keypoints[:, INDEX[f"{side}_{joint}"], :2] for side in ("left", "right"))
    across = upright(left - right, overturned(keypoints, unit, "head" if part == "head" else "trunk"))
    return (times * across[:, 0] / unit).astype(np.float32)
