"""What every pose estimator is, and what all of them do with the people they found."""

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from dancenow.keypoints import COUNT, boxes
from dancenow.pose.movement import Region

Shown = tuple[int, np.ndarray, Region]  # index, (H, W, 3) uint8 RGB frame, what moves in it
Mover = tuple[int, np.ndarray, np.ndarray]  # index, person (133, 3) float32, mask (H, W) uint8


class Estimator(Protocol):
    """Finds people in pictures. name: of the estimator; checkpoint: "sha256:..." of its weights.

    finds_masks: whether `detect` also takes a masks.MaskPacker and adds one mask of everyone per frame.
    """

    name: str
    checkpoint: str
    finds_masks: bool

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield (P, 133, 3) float32 for each (H, W, 3) uint8 RGB frame of one clip, in order.

        Everyone found in the frame, P may be 0; keypoints as in dancenow.keypoints.Pose.
        """

    def follow_mover(self, shown: Iterable[Shown]) -> Iterator[Mover]:
        """Whoever moves most in one shot, but whom `detect` did not find; only frames that show one."""


def drop_unseen(people: np.ndarray, width: int, height: int) -> np.ndarray:
    """Set keypoints outside the frame or without confidence to (0, 0, 0); drop people without keypoints.

    people: (P, 133, 3) of x px, y px, confidence. Returns float32, confidence at most 1.
    """
    x, y, confidence = np.moveaxis(people, -1, 0)
    seen = (confidence > 0) & (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    kept = np.where(seen[..., None], people, 0).astype(np.float32).reshape(-1, COUNT, 3)
    kept[..., 2] = kept[..., 2].clip(0, 1)
    return kept[seen.any(axis=-1)]


def largest_people(found: Iterable[np.ndarray]) -> np.ndarray:
    """The largest person in each frame, (T, 133, 3) float32; zeros where nobody is found.

    found: (P, 133, 3) of each frame, as from Estimator.detect.
    """
    chosen = []
    for people in found:
        box = boxes(people)
        area = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=-1.0)
        chosen.append(people[area.argmax()] if len(people) else np.zeros((COUNT, 3), np.float32))
    return np.stack(chosen)
