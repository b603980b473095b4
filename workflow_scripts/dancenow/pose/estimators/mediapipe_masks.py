"""The mask of a person whose skeleton is known, whoever found it, by MediaPipe's models."""

from typing import Any

import numpy as np

from dancenow.pose.estimators.mediapipe_graphs import SEGMENTER, open_graph
from dancenow.pose.estimators.mediapipe_people import circle_around, rectangle
from dancenow.pose.masks import soft_mask


class MaskAround:
    """Makes masks on the rectangle around a skeleton, of one picture at a time."""

    def __init__(self) -> None:
        self.graph: Any = None  # opened for the first mask: most clips come with theirs

    def mask(self, frame: np.ndarray, person: np.ndarray) -> np.ndarray:
        """(H, W) uint8 of a (133, 3) person in a (H, W, 3) uint8 RGB frame; zeros if nobody is there."""
        if self.graph is None:
            self.graph = open_graph(SEGMENTER, "segmentation_mask", complexity=1, segmentation=True)
        place = rectangle(circle_around(person), frame.shape)
        return soft_mask(frame, self.graph.process({"image": frame, "roi": place}).segmentation_mask)

    def close(self) -> None:
        """Free the graph."""
        if self.graph is not None:
            self.graph.close()
