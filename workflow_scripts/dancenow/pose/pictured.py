"""Who is a still picture, as on a poster or a screen that stands still, and no person."""

from collections.abc import Sequence

import numpy as np

from dancenow.keypoints import BODY, box_diagonals, boxes

PICTURE_SECONDS = 1.0  # in view, before anybody counts as still
JOINT_SURE = 0.5  # least confidence of a joint that counts, in half of the frames
# box diagonals that the joint which strays farthest strays from its usual place in the body, the standard
# deviation: measured 0.004 to 0.021 on pictures; on a model who only stands 0.016, on dancers from 0.034
PICTURE_STRAY, PERSON_STRAY = 0.025, 0.05


def pictured(people: Sequence[np.ndarray], fps: float) -> list[bool]:
    """Whether each is a still picture of somebody beside a person who moves.

    people: the (n, 133, 3) px keypoints of each over time.
    """
    strays = [_stray(keypoints) for keypoints in people]
    moved = any(stray > PERSON_STRAY for stray in strays)
    return [
        moved and stray < PICTURE_STRAY and len(keypoints) >= PICTURE_SECONDS * fps
        for keypoints, stray in zip(people, strays, strict=True)
    ]


def _stray(keypoints: np.ndarray) -> float:
    """How far the joint of (n, 133, 3) px that strays farthest is from its usual place, in box diagonals.

    NaN, which is neither still nor moved, where no joint is sure in half of the frames.
    """
    box, seen = boxes(keypoints), keypoints[:, BODY, 2] >= JOINT_SURE
    places = keypoints[:, BODY, :2] - (box[:, None, :2] + box[:, None, 2:]) / 2
    places = places / np.maximum(box_diagonals(keypoints), 1)[:, None, None]
    places[~seen] = np.nan
    often = seen.mean(axis=0) >= 0.5
    return float(np.nanstd(places[:, often], axis=0).max()) if often.any() else np.nan
