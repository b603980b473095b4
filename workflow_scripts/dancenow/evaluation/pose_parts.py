"""The distance of keypoints found in a result from the expected ones, part by part."""

import numpy as np

from dancenow.keypoints import BODY, FACE, FEET, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND

# the paper's parts: 23 of the body with the feet, the face (68 here, 70 there), 2 x 21 of the hands, all
PAPER_PARTS = {
    "body": slice(BODY.start, FEET.stop),
    "face": FACE,
    "hands": slice(LEFT_HAND.start, RIGHT_HAND.stop),
    "all": slice(BODY.start, RIGHT_HAND.stop),
}
PCK_SHARE = 0.02  # of the standing height: a keypoint within this distance is correct


def part_series(found: np.ndarray, wanted: np.ndarray, body_height: float) -> dict:
    """{part: {measure: (T,) float}} of T frames; NaN where no keypoint of the part is expected.

    found, wanted: (T, 133, 3) px; body_height: px, as from `standing_height`. distance_px, distance_percent
    (of the body height): mean over the keypoints that are in both, NaN where there is none; pck: % of the
    expected keypoints that were found no farther than PCK_SHARE of the body height away; missed_per_frame:
    how many of the expected ones were not found (the paper's missed detections per image).
    """
    return {name: _part(found[:, part], wanted[:, part], body_height) for name, part in PAPER_PARTS.items()}


def _part(found: np.ndarray, wanted: np.ndarray, body_height: float) -> dict:
    expected = wanted[..., 2] >= MIN_CONFIDENCE
    both = expected & (found[..., 2] >= MIN_CONFIDENCE)
    way = np.linalg.norm(found[..., :2].astype(float) - wanted[..., :2], axis=-1)
    correct = both & (way <= PCK_SHARE * body_height)
    number = expected.sum(axis=1)
    with np.errstate(invalid="ignore"):  # 0 / 0 gives the intended NaN
        distance = (way * both).sum(axis=1) / both.sum(axis=1)
        pck = 100 * correct.sum(axis=1) / number
    missed = np.where(number, number - both.sum(axis=1), np.nan)
    return {
        "distance_px": distance,
        "distance_percent": 100 * distance / body_height,
        "pck": pck,
        "missed_per_frame": missed,
    }
