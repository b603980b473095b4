"""Arms and hands that a close-up does not show: as they were seen a moment before, then hanging."""

import numpy as np
from scipy.ndimage import distance_transform_edt

from dancenow.keypoints import COUNT, INDEX, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND, SIDES, sides_of
from dancenow.pose.retarget import LONGEST
from dancenow.pose.upper_bodies import USUAL_LIMBS, attach
from dancenow.stretches import interpolated

# seconds from where it is seen, for which an upper arm, which may be raised out of the picture, and the rest
# of an arm stay as they are there, and in which they then come to hang
UPPER_STAYS, STAYS, COMES_DOWN = 2.0, 0.5, 0.5
ELBOW = np.array([0.2, 0.98])  # from a shoulder to its elbow, (outwards, down), in lengths of an upper arm
# from a wrist, in lengths of a forearm: (along it, towards the middle of the body) of the wrist, thumb,
# index, middle, ring and little finger, four points each from the palm outwards
HAND = np.array([
    (0.0, 0.0),
    (0.11, 0.08), (0.20, 0.13), (0.28, 0.16), (0.35, 0.17), (0.28, 0.07), (0.41, 0.08), (0.49, 0.08),
    (0.55, 0.08), (0.29, 0.02), (0.44, 0.02), (0.53, 0.02), (0.60, 0.02), (0.28, -0.03), (0.42, -0.03),
    (0.50, -0.03), (0.56, -0.03), (0.26, -0.07), (0.36, -0.07), (0.42, -0.07), (0.47, -0.07),
])  # fmt: skip


def hang_arms(keypoints: np.ndarray, frames: np.ndarray, shown: np.ndarray, fps: float) -> None:
    """Attach, in place, what is missing of arms and hands in some frames that show both shoulders.

    keypoints: (T, 133, 3) px; frames: (T,) bool, those that get arms; shown: (T,) bool, those from which
    poses and lengths may be taken. An elbow hangs below its shoulder, a forearm goes straight on, a hand
    along it.
    """
    present = keypoints[..., 2] >= MIN_CONFIDENCE
    shoulders = sides_of("shoulder")
    upper = _longest(keypoints, shown, *shoulders) * USUAL_LIMBS["upper_arm"] / USUAL_LIMBS["shoulders"]
    for side, hand in zip(SIDES, (LEFT_HAND, RIGHT_HAND), strict=True):
        shoulder, elbow, wrist = (INDEX[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist"))
        middle = keypoints[:, shoulders, :2].mean(axis=1)
        outwards = np.sign(keypoints[:, shoulder, 0] - middle[:, 0])
        ways = upper * ELBOW * np.stack([outwards, np.ones(len(outwards))], axis=-1)

        def complete(point: int, above: int, ways: np.ndarray, stays: float = STAYS) -> None:
            both = shown & present[:, point] & present[:, above]
            if both.any():
                seen = interpolated(keypoints[:, point, :2] - keypoints[:, above, :2], both)
                away = distance_transform_edt(~both) / fps
                ways = seen + np.clip((away - stays) / COMES_DOWN, 0, 1)[:, None] * (ways - seen)
            carried = frames & (keypoints[:, above, 2] >= MIN_CONFIDENCE)
            attach(keypoints, carried, point, keypoints[:, above, :2] + ways)

        complete(elbow, shoulder, ways, UPPER_STAYS)
        fore = _longest(keypoints, shown, shoulder, elbow)
        fore *= USUAL_LIMBS["forearm"] / USUAL_LIMBS["upper_arm"]
        complete(wrist, elbow, fore * _direction(keypoints, shoulder, elbow))
        ahead = _direction(keypoints, elbow, wrist)
        inwards = np.stack([-ahead[:, 1], ahead[:, 0]], axis=-1)
        inwards *= np.where((inwards * (middle - keypoints[:, wrist, :2])).sum(axis=1) < 0, -1, 1)[:, None]
        for point, (along, aside) in zip(range(COUNT)[hand], HAND, strict=True):
            complete(point, wrist, fore * (along * ahead + aside * inwards))


def _longest(keypoints: np.ndarray, shown: np.ndarray, start: int, end: int) -> float:
    """Px: how long the bone between two keypoints looks at its longest in some frames; 0 if none has both."""
    both = shown & (keypoints[:, [start, end], 2] >= MIN_CONFIDENCE).all(axis=1)
    lengths = np.linalg.norm(keypoints[both, start, :2] - keypoints[both, end, :2], axis=-1)
    return float(np.quantile(lengths, LONGEST)) if len(lengths) else 0.0


def _direction(keypoints: np.ndarray, start: int, end: int) -> np.ndarray:
    """(T, 2): the direction from one keypoint to another, of length 1, or 0 where both lie in one place."""
    way = keypoints[:, end, :2] - keypoints[:, start, :2]
    return way / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-3)
