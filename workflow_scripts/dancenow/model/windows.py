"""The moving window around the person: the generator synthesizes there, the background fills the rest."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

from dancenow.keypoints import MIN_CONFIDENCE, Pose
from dancenow.video.cuts import segments

STRIDE = 32
# the box around the joints leaves out hair, fingers, clothes: widen it by this share of the body height
WINDOW_MARGIN = 0.12
# frames beyond this share, of the largest boxes, get a window of their own instead of a size for all
USUAL_BOX = 0.995
# a GPU tries out its kernels for every size, so each must save this share of all pixels, and they are few
LEAST_SAVED = 0.01
MOST_SIZES = 12
# number of frames before and after that a window also contains, so that it need not jump
HOLD = 4


def person_boxes(keypoints: np.ndarray) -> np.ndarray:
    """Boxes around every seen keypoint plus the margin; frames without a person take the nearest one's.

    keypoints: (T, 133, 3) px. Returns (T, 4) float32 x0, y0, x1, y1 px, never NaN unless no frame has a
    person, in which case ValueError is raised.
    """
    seen = keypoints[..., 2:] >= MIN_CONFIDENCE
    low = np.where(seen, keypoints[..., :2], np.inf).min(axis=1)
    high = np.where(seen, keypoints[..., :2], -np.inf).max(axis=1)
    known = np.flatnonzero(seen[..., 0].any(axis=1))
    if not len(known):
        raise ValueError("no frame shows a person")
    # each known frame is the nearest up to half-way to the next, the middle included
    nearest = known[np.searchsorted((known[:-1] + known[1:]) // 2, np.arange(len(keypoints)))]
    low, high = low[nearest], high[nearest]
    longer = (high - low).max(axis=1)  # not the height, because a person may be lying
    margin = WINDOW_MARGIN * np.median(longer)
    return np.concatenate([low - margin, high + margin], axis=1).astype(np.float32)


def choose_sizes(keypoints: np.ndarray, width: int, height: int) -> list[tuple[int, int]]:
    """A few window sizes for one target, [(width, height), ...] px, multiples of 32 from 64 on, by area.

    keypoints: (T, 133, 3) px; width, height: of the frame. A person with the arms down fills a third of the
    window that a cartwheel needs, and the cost is proportional to the area. From the largest size on, the one
    is added that saves the most pixels over all frames, as long as it saves 1 %. The last size holds all
    others.
    """
    boxes = person_boxes(keypoints)
    need = boxes[:, 2:] - boxes[:, :2]
    need = np.minimum(need, np.quantile(need, USUAL_BOX, axis=0))
    need, frames = np.unique([_rounded(size, width, height) for size in need], axis=0, return_counts=True)
    candidates = [(w, h) for w in np.unique(need[:, 0]).tolist() for h in np.unique(need[:, 1]).tolist()]
    chosen = [candidates[-1]]
    area = np.full(len(need), math.prod(chosen[0]))
    while len(chosen) < MOST_SIZES:
        options = [
            np.where((need <= size).all(axis=1), np.minimum(area, math.prod(size)), area)
            for size in candidates
        ]
        best = int(np.argmin([option @ frames for option in options]))
        if options[best] @ frames > (1 - LEAST_SAVED) * (area @ frames):
            break
        chosen.append(candidates[best])
        area = options[best]
    return sorted(chosen, key=math.prod)


def fit_window(
    box: np.ndarray, sizes: Sequence[tuple[int, int]], width: int, height: int
) -> tuple[int, int, int, int]:
    """The window of least area that contains the box: (x, y, w, h) int px inside the frame.

    box: x0, y0, x1, y1 px; sizes: as from choose_sizes. A box too large for all sizes gets a window of its
    own size, the whole frame at most.
    """
    need = np.asarray(box[2:]) - box[:2]
    fitting = [size for size in sizes if (np.asarray(size) >= need).all()]
    size = np.array(fitting[0] if fitting else _rounded(np.maximum(need, sizes[-1]), width, height))
    corner = np.rint((np.asarray(box[:2]) + box[2:] - size) / 2)
    return (*np.clip(corner, 0, [width, height] - size).astype(int).tolist(), *size.tolist())


def place_windows(
    keypoints: np.ndarray, sizes: Sequence[tuple[int, int]], width: int, height: int, cuts: Sequence[int] = ()
) -> np.ndarray:
    """One window per frame, (T, 4) int of x, y, w, h px, moving and changing its size smoothly.

    keypoints: (T, 133, 3) px; sizes: as from choose_sizes; cuts: as in dancenow.video.cuts, where it may
    jump.
    """
    boxes = person_boxes(keypoints)
    runs = segments(len(boxes), cuts)
    around = np.concatenate([_gently(boxes[first:stop]) for first, stop in runs])
    return np.array([fit_window(box, sizes, width, height) for box in around])


def _gently(boxes: np.ndarray) -> np.ndarray:
    """Boxes (T, 4) that also contain their neighbours in time, without jumps."""
    span = 2 * HOLD + 1
    low = gaussian_filter1d(minimum_filter1d(boxes[:, :2], span, axis=0), HOLD / 2, axis=0, mode="nearest")
    high = gaussian_filter1d(maximum_filter1d(boxes[:, 2:], span, axis=0), HOLD / 2, axis=0, mode="nearest")
    return np.concatenate([low, high], axis=1)


def whole_frame(pose: Pose) -> np.ndarray:
    """The windows of a generator without a background: every frame from corner to corner, (T, 4) int."""
    return np.tile([0, 0, pose.width, pose.height], (len(pose.keypoints), 1))


def cut(picture: np.ndarray, window: Sequence[int]) -> np.ndarray:
    """A window (x, y, w, h) of (H, W, ...), as a view."""
    x, y, w, h = window
    return picture[y : y + h, x : x + w]


def to_tensor(pictures: np.ndarray) -> torch.Tensor:
    """(..., H, W, 3) uint8 -> (..., 3, H, W) uint8 tensor of the same memory, channels last."""
    # torch takes no views that run backwards, as of pictures whose colours OpenCV read in its own order
    return torch.from_numpy(np.ascontiguousarray(pictures)).movedim(-1, -3)


def _rounded(size: Sequence[float] | np.ndarray, width: int, height: int) -> tuple[int, int]:
    # a network that shrinks to 1 / STRIDE, as studio's, pads by a pixel there, for which it needs two
    blocks = np.ceil(np.asarray(size) / STRIDE).astype(int).clip(2) * STRIDE
    return min(int(blocks[0]), width), min(int(blocks[1]), height)
