"""The area of a frame outside people, where corners may be tracked."""

import cv2
import numpy as np

from dancenow.keypoints import MIN_CONFIDENCE, People

HULL_MARGIN = 0.12  # of a person's diagonal, around the hull of the keypoints: hair, clothes, held objects
LEAST_POINTS = 3  # least number of keypoints of a person


class Outside:
    """outside(frame) is (H, W) uint8, 255 where nobody was found in that frame.

    people: People; without: (H, W) bool, what is left out of every frame as well.
    """

    def __init__(self, people: People, without: np.ndarray | None = None) -> None:
        self.people = people
        self._free = np.full((people.height, people.width), 255, np.uint8)
        if without is not None:
            self._free[without] = 0

    def __call__(self, frame: int) -> np.ndarray:
        mask = self._free.copy()
        for keypoints in self.people.in_frame(frame):
            points = keypoints[keypoints[:, 2] >= MIN_CONFIDENCE, :2]
            if len(points) < LEAST_POINTS:
                continue
            hull = cv2.convexHull(points.astype(np.float32)).round().astype(np.int32)
            margin = HULL_MARGIN * float(np.linalg.norm(np.ptp(points, axis=0)))
            cv2.fillConvexPoly(mask, hull, 0)
            cv2.polylines(mask, [hull], True, 0, thickness=max(1, round(2 * margin)))
        return mask
