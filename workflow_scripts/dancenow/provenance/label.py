"""The visible label: text or a small sign, burnt into a corner, legible on any picture."""

import cv2
import numpy as np

LABEL_TEXT = "AI-generated"
ICON = "AI"
FONT = cv2.FONT_HERSHEY_DUPLEX  # drawn by OpenCV itself, so that no machine's fonts change a result
SMALLEST_LABEL = {"text": 8, "icon": 28}  # px; the letters in a smaller ring run together
LABEL_MARGIN = 0.4  # of the label's height, to the picture's edges


class Label:
    """Labels frames of one size, (H, W, 3) uint8 RGB.

    kind: text, or icon, the letters in a ring; position: a corner, such as "bottom-right"; size: the
    label's height as a share of the frame's shorter edge. White with a black outline: one of the two stands
    out from any background. Never smaller than SMALLEST_LABEL, unless it would not fit.
    """

    def __init__(self, kind: str, position: str, size: float, width: int, height: int) -> None:
        shorter = min(width, height)
        tall = min(max(SMALLEST_LABEL[kind], round(size * shorter)), round(0.9 * shorter))
        self.ink, self.outline = _draw(kind, tall, width, height)
        rows, columns = self.ink.shape
        gap = round(LABEL_MARGIN * size * min(width, height))
        vertical, horizontal = position.split("-")
        self.top = max(0, min(gap, height - rows)) if vertical == "top" else max(0, height - rows - gap)
        self.left = (
            max(0, min(gap, width - columns)) if horizontal == "left" else max(0, width - columns - gap)
        )

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """The labelled copy of a frame."""
        labelled = frame.copy()
        rows, columns = self.ink.shape
        there = labelled[self.top : self.top + rows, self.left : self.left + columns]
        dark = there * (1 - self.outline[..., None])
        there[:] = np.rint(dark + (255 - dark) * self.ink[..., None])
        return labelled


def _draw(kind: str, size: float, width: int, height: int) -> list[np.ndarray]:
    """The share of white in each pixel, and of black below it: two (h, w) float32 in 0..1."""
    words = LABEL_TEXT if kind == "text" else ICON
    (across, up), below = cv2.getTextSize(words, FONT, 1, 2)
    letters = size if kind == "text" else 0.55 * size
    scale = letters / up
    scale *= min(1, 0.9 * width / (across * scale + size), 0.9 * height / (2 * size))
    thick = max(1, round(letters / (9 if kind == "text" else 12)))
    edge = 2 * thick + 2
    box = round(across * scale) + 2 * edge, round((up + below) * scale) + 2 * edge
    if kind == "icon":
        box = (max(size, *box),) * 2
    start = (box[0] - round(across * scale)) // 2, (box[1] + round(up * scale)) // 2
    layers = []
    for stroke in (thick, thick + edge):
        layer = np.zeros(box[::-1], np.uint8)
        cv2.putText(layer, words, start, FONT, scale, 255, stroke, cv2.LINE_AA)
        if kind == "icon":
            centre = (box[0] // 2, box[1] // 2)
            cv2.circle(layer, centre, box[0] // 2 - edge, 255, stroke, cv2.LINE_AA)
        layers.append(layer.astype(np.float32) / 255)
    return layers
