"""Which way up a body is in the picture, and which side of it is seen.

Everything is judged about the body's own axis: who stands on their head or lies has a front, a back and arms
above the head as who stands on their feet.
"""

import numpy as np

from dancenow.keypoints import INDEX, MIN_CONFIDENCE, SIDES, sides_of

# rad: a lean that footage of people on their feet shows. What leans more is compared as if it leaned so much:
# nobody is filmed standing on their head, but a turned piece shows it
LEANING = np.radians(45)
# of the standing height: the length from which the direction of a trunk or a shank, and of a neck, is sure
SURE_DIRECTION, SURE_NECK = 0.1, 0.05
EARS_LIKE_SHOULDERS = 3.0  # times the distance of the ears is about that of the shoulders


def feet_up(keypoints: np.ndarray, above: float) -> np.ndarray:
    """(T,) bool: whether both ankles are seen more than `above` px above their hips.

    keypoints: (T, K, 3) px and confidence, K of COUNT or of BODY. One raised leg is a kick.
    """
    higher = []
    for side in SIDES:
        hip, ankle = keypoints[:, INDEX[f"{side}_hip"]], keypoints[:, INDEX[f"{side}_ankle"]]
        seen = (hip[:, 2] >= MIN_CONFIDENCE) & (ankle[:, 2] >= MIN_CONFIDENCE)
        higher.append(seen & (ankle[:, 1] < hip[:, 1] - above))
    return higher[0] & higher[1]


def lean(
    keypoints: np.ndarray, unit: float | np.ndarray, part: str = "trunk"
) -> tuple[np.ndarray, np.ndarray]:
    """(T,) rad, clockwise, by which a part leans, and (T,) 0..1, how sure that is; both 0 if it is not seen.

    keypoints: (T, K, 3) px and confidence, K of COUNT or of BODY; unit: the standing height, px, or (T,). A
    head leans with the neck, a left_foot with its shank, every other part with the trunk. From head-on such a
    bone has no direction.
    """
    start, end, least = ["left_hip", "right_hip"], ["left_shoulder", "right_shoulder"], SURE_DIRECTION
    if part == "head":
        start, end, least = end, ["left_ear", "right_ear"], SURE_NECK
    elif part.endswith("_foot"):
        side = part.split("_")[0]
        start, end = [f"{side}_ankle"], [f"{side}_knee"]
    ends = [keypoints[:, [INDEX[name] for name in names]] for names in (start, end)]
    seen = np.all([(each[..., 2] >= MIN_CONFIDENCE).all(axis=1) for each in ends], axis=0)
    low, high = (each[..., :2].astype(np.float32).sum(axis=1) / len(start) for each in ends)
    up = high - low
    angle = np.where(seen, np.arctan2(up[:, 0], -up[:, 1]), 0)
    return angle, seen * np.clip(np.hypot(*up.T) / (least * unit), 0, 1)


def overturned(keypoints: np.ndarray, unit: float | np.ndarray, part: str = "trunk") -> np.ndarray:
    """(T,) rad, clockwise: how much more than LEANING a part leans, the less the less that is sure.

    keypoints, unit, part: as in lean. A body on its feet has 0, unless it bends deep.
    """
    angle, sure = lean(keypoints, unit, part)
    return (angle - np.clip(angle, -LEANING, LEANING)) * sure


def rolled(keypoints: np.ndarray, unit: float | np.ndarray, part: str) -> np.ndarray:
    """(T,) rad, clockwise, by which what hangs on a body is turned over with it.

    0 up to LEANING, as of who is on their feet, pi upside down, and evenly in between.
    keypoints, unit, part: as in lean.
    """
    return overturned(keypoints, unit, part) * (np.pi / (np.pi - LEANING))


def upright(offsets: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(T, ..., 2): offsets of the same shape turned back, anticlockwise, by (T,) rad; unchanged by 0."""
    angle = angle.reshape(-1, *[1] * (offsets.ndim - 2))
    x, y, cos, sin = offsets[..., 0], offsets[..., 1], np.cos(angle), np.sin(angle)
    return np.stack([cos * x + sin * y, cos * y - sin * x], axis=-1)


def turned(keypoints: np.ndarray, unit: float | np.ndarray, part: str = "trunk") -> np.ndarray:
    """(T,) float32: distance of the left shoulder to the right of the right one, as seen when the body stands
    upright, in standing heights; negative from behind.

    keypoints, unit: as in lean. For the head, which turns by itself, that of the ears, as many times as they
    are nearer to each other.
    """
    joint, times = ("ear", EARS_LIKE_SHOULDERS) if part == "head" else ("shoulder", 1.0)
    left, right = (keypoints[:, point, :2] for point in sides_of(joint))
    across = upright(left - right, overturned(keypoints, unit, "head" if part == "head" else "trunk"))
    return (times * across[:, 0] / unit).astype(np.float32)
