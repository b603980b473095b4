"""Map the keypoints of other skeletons to the canonical 133, and back.

OpenPose's body models in their own order (poseParameters in OpenPose; BODY_23 is BODY_25 without heels, in
another order, as in the data of Everybody Dance Now; COCO-24 is COCO-18 with COCO-WholeBody's feet, as DWPose
has it). Left and right are always the person's own. The 21 hand points and the first 68 of OpenPose's 70 face
points are in the order of COCO-WholeBody.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dancenow.keypoints import BODY_NAMES, COUNT, FACE, FEET, INDEX, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND

BODIES = {
    "body25": (
        "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip "
        "right_hip right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear "
        "left_ear left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
    ).split(),
    "body23": (
        "neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip right_hip "
        "right_knee right_ankle right_big_toe right_small_toe left_hip left_knee left_ankle left_big_toe "
        "left_small_toe nose right_eye right_ear left_eye left_ear"
    ).split(),
    "coco18": (
        "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist right_hip "
        "right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear"
    ).split(),
}  # fmt: skip
BODIES["coco24"] = BODIES["coco18"] + BODY_NAMES[FEET]
# not in COCO-WholeBody: dropped on import, half-way between these two on export
DERIVED = {"neck": ("left_shoulder", "right_shoulder"), "mid_hip": ("left_hip", "right_hip")}
# 68, plus the right and the left pupil, which the canonical skeleton lacks, and DWPose
FACE_POINTS = 70
FACE_LENGTHS = (FACE_POINTS, FACE.stop - FACE.start)
HAND_POINTS = 21

_BODY_OF_LENGTH = {len(names): body for body, names in BODIES.items()}


@dataclass(frozen=True)
class Found:
    """Everyone in a file or folder of keypoints.

    keypoints: (N, 133, 3) float64 of x, y and confidence in 0..1, in the pixels that the file uses;
        a missing keypoint is (0, 0, 0). frame: (N,) int32, ascending, the frame of each row.
    origin: the format's name, such as "openpose-body25".
    """

    keypoints: np.ndarray
    frame: np.ndarray
    origin: str

    @classmethod
    def gather(cls, frames: Iterable[np.ndarray], origin: str) -> "Found":
        """From an iterable of (P, 133, 3), one per frame; people without any keypoint are dropped."""
        seen = [people[(people[..., 2] > 0).any(axis=1)] for people in frames]
        counts = [len(people) for people in seen]
        keypoints = np.concatenate(seen) if seen else np.zeros((0, COUNT, 3))
        return cls(keypoints, np.repeat(np.arange(len(counts), dtype=np.int32), counts), origin)


def body_model(points: int) -> str | None:
    """The name in BODIES of the body model with so many points, or None."""
    return _BODY_OF_LENGTH.get(points)


def off_halfway(body: np.ndarray) -> float:
    """How far the DERIVED points of a body (K, 3) lie from the middle of their two, as a share of its extent.

    The largest share; NaN where none is seen with its two, or less than half of the body. It is large where
    the points are in another order than BODIES has for so many, as COCO's 17 with the feet, which are 23 too.
    """
    names, seen = BODIES[_BODY_OF_LENGTH[len(body)]], body[:, 2] >= MIN_CONFIDENCE
    apart = [np.nan]
    for derived, ends in DERIVED.items():
        places = [names.index(name) for name in (derived, *ends) if name in names]
        if len(places) == 1 + len(ends) and seen[places].all():
            point, *others = body[places, :2]
            apart.append(float(np.linalg.norm(point - np.mean(others, axis=0))))
    if len(apart) == 1 or 2 * seen.sum() < len(body):
        return np.nan
    extent = float(np.ptp(body[seen, :2], axis=0).max())
    return float(np.nanmax(apart)) / extent if extent else np.nan


def to_canonical(
    body: np.ndarray,
    face: np.ndarray | None = None,
    left_hand: np.ndarray | None = None,
    right_hand: np.ndarray | None = None,
) -> np.ndarray:
    """(133, 3) float64 of one person in OpenPose's parts.

    body: (25 | 23 | 18 | 24, 3) of x px, y px, confidence; face: (70 | 68, 3); hands: (21, 3); None for a
    part that was not detected. Confidences above 1 become 1; a keypoint without confidence becomes (0, 0, 0).
    """
    person = np.zeros((COUNT, 3))
    for name, point in zip(BODIES[_BODY_OF_LENGTH[len(body)]], body, strict=True):
        if name not in DERIVED:
            person[INDEX[name]] = point
    if face is not None:
        person[FACE] = face[: FACE.stop - FACE.start]
    if left_hand is not None:
        person[LEFT_HAND] = left_hand
    if right_hand is not None:
        person[RIGHT_HAND] = right_hand
    return drop_missing(person)


def to_openpose(person: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(body (25, 3), face (70, 3), left hand (21, 3), right hand (21, 3)) of a (133, 3) person; same dtype.

    Neck and mid-hip lie half-way between shoulders and hips (to 0.001 px), with the lower confidence of the
    two, and are missing if one of the two is; the pupils are always missing.
    """
    body = np.stack(
        [_halfway(person, *DERIVED[n]) if n in DERIVED else person[INDEX[n]] for n in BODIES["body25"]]
    )
    face = np.zeros((FACE_POINTS, 3), person.dtype)
    face[: FACE.stop - FACE.start] = person[FACE]
    return body, face, person[LEFT_HAND], person[RIGHT_HAND]


def drop_missing(keypoints: np.ndarray) -> np.ndarray:
    """(..., 3) with confidences clipped at 1, and zeros where there is no confidence."""
    kept = np.where(keypoints[..., 2:] > 0, keypoints, 0)
    kept[..., 2] = kept[..., 2].clip(0, 1)
    return kept


def _halfway(person: np.ndarray, a: str, b: str) -> np.ndarray:
    ends = person[[INDEX[a], INDEX[b]]]
    if ends[:, 2].min() < MIN_CONFIDENCE:
        return np.zeros(3, person.dtype)
    return np.array([*ends[:, :2].mean(axis=0).round(3), ends[:, 2].min()], person.dtype)
