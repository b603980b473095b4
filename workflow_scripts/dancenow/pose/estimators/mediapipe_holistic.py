"""MediaPipe Holistic as an estimator: weights inside the wheel, no download."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.keypoints import BODY_NAMES, COUNT, FACE, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.pose.estimators.estimator import Mover, Shown, drop_unseen
from dancenow.pose.estimators.mediapipe_mover import follow_mover
from dancenow.pose.estimators.mediapipe_people import LOOK_EVERY, OtherPeople, SecondLook
from dancenow.pose.masks import MaskPacker, soft_mask

# MediaPipe's 33 body landmarks, by the canonical name each one serves. Its "foot index" is the tip of
# the big toe; it has no small toe, so that keypoint stays missing.
BODY_LANDMARKS = {
    "nose": 0,
    "left_eye": 2,
    "right_eye": 5,
    "left_ear": 7,
    "right_ear": 8,
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_hip": 23,
    "right_hip": 24,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
    "left_heel": 29,
    "right_heel": 30,
    "left_big_toe": 31,
    "right_big_toe": 32,
}

# The 468-point face mesh at the 68 face points of COCO-WholeBody, which run from the person's right
# (the image's left when the person looks into the camera) to the left.
FACE_MESH = np.array(
    [127, 234, 93, 132, 58, 136, 149, 148, 152, 377, 378, 365, 288, 361, 323, 454, 356]  # jaw
    + [70, 63, 105, 66, 107, 336, 296, 334, 293, 300]  # right brow, left brow
    + [168, 197, 5, 4, 98, 97, 2, 326, 327]  # nose bridge, nostrils
    + [33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380]  # right eye, left eye
    + [61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181]  # outer lips
    + [78, 81, 13, 311, 308, 402, 14, 178]  # inner lips
)

# the models that Holistic opens at complexity 1 without face refinement
MODELS = (
    "pose_detection/pose_detection.tflite",
    "pose_landmark/pose_landmark_full.tflite",
    "face_detection/face_detection_short_range.tflite",
    "face_landmark/face_landmark.tflite",
    "holistic_landmark/hand_recrop.tflite",
    "hand_landmark/hand_landmark_full.tflite",
)


def model_hash() -> str:
    """The "sha256:..." of the wheel's models that Holistic uses, in a fixed order."""
    import mediapipe

    folder = Path(mediapipe.__file__).parent / "modules"
    digest = hashlib.sha256()
    for model in MODELS:
        digest.update((folder / model).read_bytes())
    return f"sha256:{digest.hexdigest()}"


class MediapipeHolistic:
    """The person whom Holistic follows from frame to frame, and everyone else (see mediapipe_people).

    Body and feet: confidence = MediaPipe's visibility (0..1). Face and hands have no confidence of
    their own: 1.0 if the part was found. A point outside the frame is missing.
    """

    name = "mediapipe"
    finds_masks = True

    def __init__(self) -> None:
        self.checkpoint = model_hash()

    def detect(self, frames: Iterable[np.ndarray], masks: MaskPacker | None = None) -> Iterator[np.ndarray]:
        """Yield (P, 133, 3) float32 for each (H, W, 3) uint8 RGB frame, in order.

        masks: a masks.MaskPacker that collects the mask of everyone in a frame, from the same passes.

        The frames of one call are one clip: every call builds a new graph, because Holistic starts
        its search where the previous frame's person was.
        """
        from mediapipe.python.solutions.holistic import Holistic

        # Holistic's own smoothing lags behind fast limbs; ours, applied later, also sees the frames after
        settings = {"model_complexity": 1, "smooth_landmarks": False, "refine_face_landmarks": False}
        settings |= {"enable_segmentation": masks is not None, "smooth_segmentation": False}
        with (
            Holistic(static_image_mode=False, **settings) as graph,
            closing(OtherPeople(canonical, masks is not None)) as others,
            closing(SecondLook(canonical, masks is not None)) as second,
        ):
            waiting = deque()
            for frame in frames:
                results = graph.process(frame)
                mask = None
                if masks is not None:
                    mask = soft_mask(frame, results.segmentation_mask)
                main = canonical(results, frame.shape[1], frame.shape[0])
                waiting.append((others.find(frame, second.check(frame, main, mask), mask), mask))
                if len(waiting) > LOOK_EVERY:
                    yield _released(waiting.popleft(), masks)
            while waiting:
                yield _released(waiting.popleft(), masks)

    def follow_mover(self, shown: Iterable[Shown]) -> Iterator[Mover]:
        """Whoever moves most, but was not found; see mediapipe_mover."""
        return follow_mover(canonical, shown)


def _released(frame: tuple, masks: MaskPacker | None) -> np.ndarray:
    """(P, 133, 3) float32 of a frame that later frames no longer change; its mask is added to `masks`."""
    people, mask = frame
    if masks is not None:
        masks.add(mask)
    return np.array(people, np.float32).reshape(-1, COUNT, 3)


def canonical(results: Any, width: int, height: int) -> np.ndarray:
    """Holistic's results on one frame of `width` x `height` px as (P, 133, 3) float32, P 0 or 1."""
    person = np.zeros((COUNT, 3), np.float32)
    if results.pose_landmarks:
        body = _points(results.pose_landmarks, width, height)
        for name in BODY_NAMES:
            if name in BODY_LANDMARKS:
                person[INDEX[name]] = body[BODY_LANDMARKS[name]]
    if results.face_landmarks:
        person[FACE] = _points(results.face_landmarks, width, height, confidence=1.0)[FACE_MESH]
    if results.left_hand_landmarks:
        person[LEFT_HAND] = _points(results.left_hand_landmarks, width, height, confidence=1.0)
    if results.right_hand_landmarks:
        person[RIGHT_HAND] = _points(results.right_hand_landmarks, width, height, confidence=1.0)
    return drop_unseen(person[None], width, height)


def _points(landmarks: Any, width: int, height: int, confidence: float | None = None) -> np.ndarray:
    """(K, 3) of x px, y px, confidence; MediaPipe's 0..1 spans the frame from edge to edge."""
    return np.array(
        [
            (
                point.x * width - 0.5,
                point.y * height - 0.5,
                point.visibility if confidence is None else confidence,
            )
            for point in landmarks.landmark
        ],
        np.float32,
    )
