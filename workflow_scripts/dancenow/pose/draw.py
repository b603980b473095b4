"""Draw the skeleton that the generator synthesizes from: coloured, anti-aliased sticks on black.

The left side has warm and the right side cool colours, so that the picture distinguishes back from front.
A limb is drawn when both of its ends are visible. A missing keypoint leaves no mark, an imputed
one a darker one of the same colour. All others are drawn alike, whatever their confidence.
"""

from collections.abc import Iterable, Iterator, Sequence

import cv2
import numpy as np

from dancenow.keypoints import FACE, IMPUTED, INDEX, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND, Pose

# line width as a share of the frame's height: 4 px at 512
LINE = 1 / 128
# cv2 takes integers with this many fractional bits: joints move by 1/16 px, not by whole pixels
SUBPIXEL_BITS = 4
# brightness of a limb with an imputed end
WEAK = 0.5

_LIMBS = (
    ("left_shoulder", "right_shoulder", (255, 255, 255)),
    ("left_hip", "right_hip", (150, 150, 150)),
    ("left_shoulder", "left_hip", (255, 60, 60)),
    ("right_shoulder", "right_hip", (60, 60, 255)),
    ("left_hip", "left_knee", (255, 0, 150)),
    ("right_hip", "right_knee", (0, 150, 255)),
    ("left_knee", "left_ankle", (255, 100, 200)),
    ("right_knee", "right_ankle", (100, 255, 255)),
    ("left_ankle", "left_heel", (200, 120, 60)),
    ("left_ankle", "left_big_toe", (255, 200, 120)),
    ("left_heel", "left_big_toe", (200, 120, 60)),
    ("right_ankle", "right_heel", (60, 120, 200)),
    ("right_ankle", "right_big_toe", (120, 200, 255)),
    ("right_heel", "right_big_toe", (60, 120, 200)),
    ("left_shoulder", "left_elbow", (255, 140, 0)),
    ("right_shoulder", "right_elbow", (0, 200, 0)),
    ("left_elbow", "left_wrist", (255, 230, 0)),
    ("right_elbow", "right_wrist", (0, 255, 140)),
    ("nose", "left_eye", (255, 120, 120)),
    ("left_eye", "left_ear", (255, 80, 80)),
    ("nose", "right_eye", (120, 120, 255)),
    ("right_eye", "right_ear", (80, 80, 255)),
)
_LIMB_ENDS = np.array([[INDEX[a], INDEX[b]] for a, b, _ in _LIMBS])
_LIMB_COLOURS = [colour for _, _, colour in _LIMBS]

# the 68 face points as open or closed chains: jaw, brows, nose bridge, nose base, eyes, lips
_FACE_CHAINS = (
    (0, 17, False), (17, 22, False), (22, 27, False), (27, 31, False), (31, 36, False),
    (36, 42, True), (42, 48, True), (48, 60, True), (60, 68, True),
)  # fmt: skip
_FACE_COLOUR = (200, 200, 200)
_FINGERS = tuple((0, *range(first, first + 4)) for first in (1, 5, 9, 13, 17))
_LEFT_FINGERS = ((255, 255, 120), (255, 210, 90), (255, 170, 70), (255, 130, 60), (255, 90, 60))
_RIGHT_FINGERS = ((120, 255, 255), (90, 210, 255), (70, 170, 255), (60, 130, 255), (60, 90, 255))

# two keypoints and the colour of the line between them
Segment = tuple[int, int, tuple[int, ...]]


def _segments(
    ends: Iterable[tuple[int, int]], colours: Iterable[tuple[int, ...]], offset: int = 0
) -> list[Segment]:
    return [(a + offset, b + offset, colour) for (a, b), colour in zip(ends, colours, strict=True)]


def _face_segments() -> list[Segment]:
    pairs = []
    for first, stop, closed in _FACE_CHAINS:
        chain = list(range(first, stop)) + ([first] if closed else [])
        pairs += list(zip(chain[:-1], chain[1:], strict=True))
    return _segments(pairs, [_FACE_COLOUR] * len(pairs), FACE.start)


def _hand_segments(colours: Iterable[tuple[int, ...]], offset: int) -> list[Segment]:
    pairs, shades = [], []
    for finger, colour in zip(_FINGERS, colours, strict=True):
        pairs += list(zip(finger[:-1], finger[1:], strict=True))
        shades += [colour] * (len(finger) - 1)
    return _segments(pairs, shades, offset)


# (keypoint, keypoint, RGB colour), in the order of drawing: body and feet with the full line width,
# face and hands with half of it
BODY_SEGMENTS = _segments(_LIMB_ENDS, _LIMB_COLOURS)
DETAIL_SEGMENTS = (
    _face_segments()
    + _hand_segments(_LEFT_FINGERS, LEFT_HAND.start)
    + _hand_segments(_RIGHT_FINGERS, RIGHT_HAND.start)
)


def draw_skeleton(
    keypoints: np.ndarray,
    width: int,
    height: int,
    origin: Sequence[int] = (0, 0),
    line: float | None = None,
    onto: np.ndarray | None = None,
    weak: np.ndarray | None = None,
) -> np.ndarray:
    """Draw one skeleton.

    keypoints: (133, 3) x px, y px, confidence, in frame pixels. width, height: the picture's size in px.
    origin: x, y of the picture's top-left corner in the frame, for a window cut out of it.
    line: body line width in px (default: height / 128, which is right for a whole frame).
    onto: (height, width, 3) uint8 RGB drawn over in place, instead of a black picture.
    weak: (133,) bool, keypoints whose limbs are drawn at WEAK brightness; none by default.
    Returns (height, width, 3) uint8 RGB.
    """
    picture = np.zeros((height, width, 3), np.uint8) if onto is None else onto
    places = subpixels(keypoints[:, :2] - np.asarray(origin, np.float32), width)
    for a, b, colour, wide in seen_segments(keypoints, height * LINE if line is None else line):
        if weak is not None and (weak[a] or weak[b]):
            colour = tuple(round(WEAK * channel) for channel in colour)
        cv2.line(picture, places[a], places[b], colour, wide, cv2.LINE_AA, SUBPIXEL_BITS)
    return picture


def seen_segments(keypoints: np.ndarray, line: float) -> Iterator[tuple[int, int, tuple[int, ...], int]]:
    """Yield (keypoint, keypoint, RGB colour, width px) of the lines between seen ones of (133, 3), as drawn.

    line: body line width in px.
    """
    seen, thick = keypoints[:, 2] >= MIN_CONFIDENCE, max(1, round(line))
    for segments, wide in ((BODY_SEGMENTS, thick), (DETAIL_SEGMENTS, max(1, thick // 2))):
        for a, b, colour in segments:
            if seen[a] and seen[b]:
                yield a, b, colour, wide


def subpixels(places: np.ndarray, width: int) -> list[list[int]]:
    """(N, 2) px of a picture so wide, as cv2 takes them with SUBPIXEL_BITS."""
    # points far outside would overflow cv2's fixed-point coordinates
    places = np.clip(places, -4 * width, 5 * width)
    return np.rint(places * (1 << SUBPIXEL_BITS)).astype(int).tolist()


def draw_pose(pose: Pose, index: int, window: Sequence[int] | None = None) -> np.ndarray:
    """The skeleton of frame `index` of a Pose, as the generator is given it: (h, w, 3) uint8 RGB.

    window: x, y, w, h px of the frame; by default all of it.
    """
    x, y, w, h = (0, 0, pose.width, pose.height) if window is None else window
    weak = pose.origin[index] == IMPUTED
    return draw_skeleton(pose.keypoints[index], w, h, origin=(x, y), line=pose.height * LINE, weak=weak)


def draw_over(picture: np.ndarray, keypoints: np.ndarray, brightness: float) -> np.ndarray:
    """The skeleton of (133, 3) keypoints over a copy of a (H, W, 3) uint8 RGB picture, times `brightness`."""
    height, width = picture.shape[:2]
    return draw_skeleton(keypoints, width, height, onto=(picture * brightness).astype(np.uint8))
