"""The parts of a body, and where they lie in a pose."""

from collections.abc import Sequence
from copy import copy

import cv2
import numpy as np

from dancenow.keypoints import FACE, HEAD, INDEX, LEFT_HAND, MIN_CONFIDENCE, RIGHT_HAND, SIDES, TRUNK_CORNERS

HANDS = {"left": list(range(133))[LEFT_HAND], "right": list(range(133))[RIGHT_HAND]}
# of a hand's 21 points: the palm's spokes, then the fingers, each from its knuckle to its tip
SPOKES = [(0, knuckle) for knuckle in (1, 5, 9, 13, 17)]
FINGERS = [(joint, joint + 1) for finger in (1, 5, 9, 13, 17) for joint in range(finger, finger + 3)]
JAW_AND_BROWS = list(range(FACE.start, FACE.start + 27))  # face points that do not move when the mouth talks

PARTS = ("head", "trunk", *(f"{side}_{limb}" for limb in ("arm", "hand", "leg", "foot") for side in SIDES))
# radius around its bones, as a share of the standing height
BONE_RADIUS = {"head": 0.075, "trunk": 0.05, "arm": 0.036, "hand": 0.012, "leg": 0.042, "foot": 0.028}
# distance from trunk or head inside the trunk's outline and in the middle of the head, in radii: a pixel
# nearer to a limb's bone belongs to the limb, so that no face shows between the fingers of a hand in front of
# it
TRUNK_DEPTH = 0.75
HEAD_DEPTH = 0.75
# a front and a back are never alike. Front or back: the left shoulder is this far right or left
# of the right one, as a share of the standing height
FRONT_OR_BACK = 0.03
# an elbow or wrist inside the outline of trunk or head, with less than this confidence, lies behind it;
# keypoints repaired over a short gap have more. MediaPipe's visibility shows this better than its depth: of
# 749 visible wrists there in our renders none had less, of 56 behind the trunk 41 had
SURE_IN_FRONT = 0.4
# an arm ends at its wrist, wherever the estimator believes the hand to be: a blurred one would stay with the
# arm, as a second hand. From WRIST_FROM radii beyond the wrist on, WRIST_STEEP more count for each
WRIST_FROM, WRIST_STEEP = 0.3, 3.0
PART_REACH = 3.2  # radii from the bones, beyond which no pixel belongs to a part
SHARPNESS = 10.0  # steepness of the transition from one part to the next, per radius
FAR = 1e3
# radii beyond which a part takes no share from another: e^-30 of a sum that is at least 1 changes no float32
NO_SHARE = PART_REACH + 3.0

_NEEDED = {
    "head": ("shoulder",),
    "arm": ("shoulder", "elbow", "wrist"),
    "hand": ("elbow", "wrist"),
    "leg": ("hip", "knee", "ankle"),
    "foot": ("ankle", "heel", "big_toe"),
}


def kind(part: str) -> str:
    """A part's name without its side."""
    return part.split("_")[-1]


def other_side(name: str) -> str:
    """The side that a part, or a side, is not on: "right" for "left_arm" and "left"."""
    return SIDES[name.startswith("left")]


def points_of(part: str) -> list[int]:
    """Indices of the keypoints that a part needs to be cut or placed."""
    if part == "trunk":
        return TRUNK_CORNERS
    if part == "head":
        return [*HEAD, *TRUNK_CORNERS[:2]]
    side = part.split("_")[0]
    needed = [INDEX[f"{side}_{joint}"] for joint in _NEEDED[kind(part)]]
    return needed + (HANDS[side] if kind(part) == "hand" else [])


def visible_parts(keypoints: np.ndarray) -> np.ndarray:
    """(T, parts) bool: whether all points of a part are seen. keypoints: (T, 133, 3)."""
    seen = keypoints[..., 2] >= MIN_CONFIDENCE
    return np.stack([seen[:, points_of(part)].all(axis=1) for part in PARTS], axis=1)


class Figure:
    """One pose, with the bones of its parts. keypoints: (133, 3) px; unit: the standing height, px."""

    def __init__(self, keypoints: np.ndarray, unit: float) -> None:
        self.points, self.seen = keypoints[:, :2].astype(np.float64), keypoints[:, 2] >= MIN_CONFIDENCE
        self.sure, self.unit = keypoints[:, 2], unit
        self.visible = visible_parts(keypoints[None])[0]

    def reaching_out(self) -> "Figure":
        """The same Figure, where an arm whose wrist is out of the picture goes on straight beyond its elbow.

        For cutting: such an arm is no piece, but it is not the trunk's either.
        """
        other = copy(self)
        other.points, other.sure, other.visible = self.points.copy(), self.sure.copy(), self.visible.copy()
        for side in SIDES:
            shoulder, elbow, wrist = (INDEX[f"{side}_{joint}"] for joint in _NEEDED["arm"])
            if self.seen[shoulder] and self.seen[elbow] and not self.seen[wrist]:
                other.points[wrist] = 2 * self.points[elbow] - self.points[shoulder]
                other.sure[wrist] = self.sure[elbow]
                other.visible[PARTS.index(f"{side}_arm")] = True
        return other

    def joint(self, name: str) -> np.ndarray:
        """(2,) px: a keypoint by its name in keypoints.INDEX."""
        return self.points[INDEX[name]]

    def outline(self) -> np.ndarray:
        """(4, 2) px: the trunk's corners."""
        return self.points[TRUNK_CORNERS]

    def bones(self, part: str) -> list[tuple]:
        """[(start, end, radius)] px of a part other than the trunk."""
        radius = BONE_RADIUS[kind(part)] * self.unit
        if part == "head":
            return [(*self._head_axis(), radius)]
        side = part.split("_")[0]
        shoulder, elbow, wrist, hip, knee, ankle, heel, toe = (
            self.joint(f"{side}_{name}")
            for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe")
        )
        if kind(part) == "arm":
            return [(shoulder, elbow, 1.1 * radius), (elbow, wrist, radius)]
        if kind(part) == "hand":
            hand = self.points[HANDS[side]]
            return [(hand[start], hand[end], radius) for start, end in (*SPOKES, *FINGERS)]
        if kind(part) == "leg":
            return [(hip, knee, 1.2 * radius), (knee, ankle, 0.9 * radius)]
        return [(heel, toe, radius), (ankle, (heel + toe) / 2, radius)]

    def behind(self, part: str) -> list[bool]:
        """For each of bones(part), whether trunk or head lies in front of it; only for arms and hands."""
        bones = len(self.bones(part))
        if kind(part) not in ("arm", "hand"):
            return [False] * bones
        side = part.split("_")[0]
        elbow, wrist = (self._covered(f"{side}_{joint}") for joint in ("elbow", "wrist"))
        return [elbow, wrist] if kind(part) == "arm" else [wrist] * bones

    def _covered(self, name: str) -> bool:
        """Whether a joint lies inside the trunk's outline or the head and is hidden there."""
        if self.sure[INDEX[name]] >= SURE_IN_FRONT:
            return False
        head, trunk = (self.visible[PARTS.index(part)] for part in ("head", "trunk"))
        place = self.joint(name)
        if head and bone_distance(*place, *self._head_axis()) <= BONE_RADIUS["head"] * self.unit:
            return True
        outline = cv2.convexHull(self.outline().astype(np.float32))
        return bool(trunk) and cv2.pointPolygonTest(outline, tuple(map(float, place)), False) >= 0

    def _head_axis(self) -> tuple:
        neck = (self.joint("left_shoulder") + self.joint("right_shoulder")) / 2
        ears = (self.joint("left_ear") + self.joint("right_ear")) / 2
        face = (ears + self.joint("nose")) / 2
        up = face - neck
        length = np.hypot(*up)
        up = up / length if length > 1e-3 else np.array([0.0, -1.0])
        return face + 0.025 * self.unit * up, face - 0.02 * self.unit * up


def grid_step(unit: float) -> int:
    """Px between the places where weights are computed; they vary slowly and are enlarged."""
    return max(2, round(unit / 80))


def grid(window: Sequence[int], step: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y, px, of the grid of a window (x, y, w, h): two (h / step, w / step) float32."""
    x, y, width, height = window
    rows, columns = -(-height // step), -(-width // step)
    ys, xs = np.mgrid[:rows, :columns].astype(np.float32) * step + (step - 1) / 2
    return xs + x, ys + y


def enlarged(coarse: np.ndarray, step: int, width: int, height: int) -> np.ndarray:
    """A map of `grid` (rows, columns, ...) at every pixel: (height, width, ...)."""
    size = coarse.shape[1] * step, coarse.shape[0] * step
    return cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)[:height, :width]


def bone_distance(xs: np.ndarray, ys: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Px of each place from a bone. xs, ys: as from grid."""
    along = np.asarray(end - start, np.float32)
    x, y = xs - np.float32(start[0]), ys - np.float32(start[1])
    share = np.clip((x * along[0] + y * along[1]) / max(float(along @ along), 1e-6), 0, 1)
    x, y = x - share * along[0], y - share * along[1]
    return np.sqrt(x * x + y * y)  # np.hypot, which cannot overflow, takes three times as long


def distances(figure: Figure, window: Sequence[int], step: int, most: float = np.inf) -> np.ndarray:
    """(parts, rows, columns) float32: distance of each place of the grid from each part, in its radii.

    most: radii from a limb beyond which FAR will do; computing less takes less time.
    """
    xs, ys = grid(window, step)
    away = np.full((len(PARTS), *xs.shape), FAR, np.float32)
    trunk, head = PARTS.index("trunk"), PARTS.index("head")
    if figure.visible[trunk]:
        corners = cv2.convexHull(figure.outline().astype(np.float32))[:, 0].astype(np.float64)
        radius = BONE_RADIUS["trunk"] * figure.unit
        edges = [
            (start, end, radius) for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
        place = _around(edges, xs, ys, most)
        away[trunk][place] = TRUNK_DEPTH + _outside(edges, xs[place], ys[place])
    for number, part in enumerate(PARTS):
        if number == trunk or not figure.visible[number]:
            continue
        bones = figure.bones(part)
        place = _around(bones, xs, ys, most)
        to_wrist = kind(part) == "arm" and figure.visible[PARTS.index(part.replace("arm", "hand"))]
        for row, ((start, end, radius), behind) in enumerate(zip(bones, figure.behind(part), strict=True)):
            bone = bone_distance(xs[place], ys[place], start, end) / radius
            if to_wrist and row == len(bones) - 1:
                bone += _beyond(xs[place], ys[place], start, end, radius)
            if number == head:
                bone = np.maximum(bone, HEAD_DEPTH)
            if behind:
                bone[(away[trunk][place] == TRUNK_DEPTH) | (away[head][place] == HEAD_DEPTH)] = FAR
            np.minimum(away[number][place], bone, out=away[number][place])
    return away


def _beyond(xs: np.ndarray, ys: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float) -> np.ndarray:
    """Radii by which each place counts as farther from a forearm, because it lies beyond the wrist."""
    along = np.asarray(end - start, np.float32) / np.float32(radius)
    length = max(float(np.hypot(*along)), 1e-3)
    along *= min(length / 2, 1) / length  # a bone that points at the camera has no direction
    past = ((xs - np.float32(end[0])) * along[0] + (ys - np.float32(end[1])) * along[1]) / np.float32(radius)
    return np.float32(WRIST_STEEP) * np.maximum(past - np.float32(WRIST_FROM), 0)


def _around(bones: list[tuple], xs: np.ndarray, ys: np.ndarray, most: float) -> tuple[slice, slice]:
    """The rows and columns of a grid that hold all places within so many radii of bones."""
    ends = np.array([end for bone in bones for end in bone[:2]])
    reach = most * max(radius for *_, radius in bones)
    low, high = ends.min(axis=0) - reach, ends.max(axis=0) + reach
    left, right = np.searchsorted(xs[0], [low[0], high[0]]).tolist()
    top, bottom = np.searchsorted(ys[:, 0], [low[1], high[1]]).tolist()
    return slice(top, bottom), slice(left, right)


def _outside(edges: list[tuple], xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Radii of each place from an outline, 0 inside. edges: (start, end, radius), clockwise as seen."""
    away = np.full(xs.shape, np.inf, np.float32)
    inside = np.ones(xs.shape, bool)
    for start, end, radius in edges:
        np.minimum(away, bone_distance(xs, ys, start, end) / np.float32(radius), out=away)
        (x, y), (u, v) = start, end - start
        inside &= np.float32(u) * (ys - np.float32(y)) >= np.float32(v) * (xs - np.float32(x))
    away[inside] = 0
    return away


def shares(away: np.ndarray) -> np.ndarray:
    """The share of each place that belongs to each part, from `distances`: same shape, sum at most 1."""
    weight = np.exp(-SHARPNESS * (away - away.min(axis=0)))
    weight /= weight.sum(axis=0)
    return weight * np.clip(PART_REACH - away, 0, 1)
