"""Maps that move a part's pixels from one pose to another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from dancenow.keypoints import HEAD, INDEX
from dancenow.references.body_parts import HANDS, JAW_AND_BROWS, TRUNK_CORNERS, Figure, kind

# a limb may be this much shorter or longer than in its reference
FORESHORTENING = (0.3, 1.67)
# part of a bone's change of length that is due to distance from the camera and also changes its thickness
NEARER = (0.95, 1.05)
# of an affine map, in shares of the height
STIFFNESS = {"head": 0.03, "trunk": 0.02, "hand": 0.03, "foot": 0.03}
# largest stretch of a part moved by an affine map: a hand that points at the camera in its reference
# would otherwise become a blurred giant in a pose that shows it from the side
STRETCH = 1.25
SIZE_KEPT = 32.0  # times the squares that do not fit: how heavily a part's size weighs against its points


def part_maps(part: str, wanted: Figure, given: Figure) -> list[np.ndarray]:
    """The (2, 3) maps from the px of one Figure to those of another, one for each bone of the part."""
    side = part.split("_")[0]
    if kind(part) in ("arm", "leg"):
        pairs = zip(wanted.bones(part), given.bones(part), strict=True)
        return [bone_map(start[:2], end[:2]) for start, end in pairs]
    if part == "head":
        # each point of the face has little weight: there are many, and none from behind
        points = [point for point in (*HEAD, *JAW_AND_BROWS) if wanted.seen[point] and given.seen[point]]
        weights = np.array([3.0 if point in HEAD else 0.3 for point in points])
    elif part == "trunk":
        points, weights = TRUNK_CORNERS, np.ones(len(TRUNK_CORNERS))
    else:
        feet = [INDEX[f"{side}_{joint}"] for joint in ("ankle", "heel", "big_toe")]
        points = HANDS[side] if kind(part) == "hand" else feet
        weights = np.ones(len(points))
    ridge = (STIFFNESS[kind(part)] * wanted.unit) ** 2
    start, end = wanted.points[points], given.points[points]
    return [limited(affine(start, end, weights, ridge), weights @ start / weights.sum())]


def _matrix(linear: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The (2, 3) map of a linear (2, 2) part and an offset (2,); np.c_ takes ten times as long."""
    matrix = np.empty((2, 3))
    matrix[:, :2], matrix[:, 2] = linear, offset
    return matrix


def similarity(start: np.ndarray, end: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(2, 3): the similarity from points to points, both (K, 2), that fits best; weights (K,), their sum 1.

    The worse they fit, as of a head seen from another side, the more it keeps their size: least squares alone
    would map them to a point, and show the part as a giant.
    """
    centre, target = weights @ start, weights @ end
    a, b = (start - centre) @ [1, 1j], (end - target) @ [1, 1j]
    spread, both = (weights * np.abs(a) ** 2).sum(), (weights * a.conj() * b).sum()
    turn = 1.0
    if min(spread, abs(both)) > 1e-6:
        misfit = SIZE_KEPT * max((weights * np.abs(b) ** 2).sum() - abs(both) ** 2 / spread, 0)
        turn = both / abs(both) * (abs(both) + misfit) / (spread + misfit)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return _matrix(linear, target - linear @ centre)


def affine(start: np.ndarray, end: np.ndarray, weights: np.ndarray, ridge: float) -> np.ndarray:
    """(2, 3): the similarity, plus an affine part regularised by ridge, px squared."""
    weights = weights / weights.sum()
    alike = similarity(start, end, weights)
    centre = weights @ start
    left, rest = start - centre, end - start @ alike[:, :2].T - alike[:, 2]
    spread = (left * weights[:, None]).T @ left + ridge * np.eye(2)
    more = np.linalg.solve(spread, (left * weights[:, None]).T @ rest).T
    return _matrix(alike[:, :2] + more, alike[:, 2] - more @ centre)


def limited(matrix: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """A (2, 3) map with stretch limited to STRETCH in any direction; fixed: (2,) px, mapped as before."""
    u, scales, v = np.linalg.svd(matrix[:, :2])
    linear = u @ np.diag(np.clip(scales, 1 / STRETCH, STRETCH)) @ v
    return _matrix(linear, matrix[:, :2] @ fixed + matrix[:, 2] - linear @ fixed)


def bone_map(given: ArrayLike, wanted: ArrayLike) -> np.ndarray:
    """(2, 3): from a bone's two ends, (2, 2) px, to another's.

    The length follows within FORESHORTENING, the thickness within NEARER.
    """
    start, end = np.asarray(given), np.asarray(wanted)
    u, v = start[1] - start[0], end[1] - end[0]
    lengths = np.hypot(*u), np.hypot(*v)
    if min(lengths) < 1e-3:
        return _matrix(np.eye(2), end.mean(axis=0) - start.mean(axis=0))
    ratio = lengths[1] / lengths[0]
    along, across = np.clip(ratio, *FORESHORTENING), np.clip(ratio, *NEARER)
    (ux, uy), (vx, vy) = u / lengths[0], v / lengths[1]
    linear = np.array([[vx, -vy], [vy, vx]]) @ np.diag([along, across]) @ np.array([[ux, uy], [-uy, ux]])
    return _matrix(linear, end.mean(axis=0) - linear @ start.mean(axis=0))


def bent(
    maps: Sequence[np.ndarray], joint: np.ndarray, share: np.ndarray, xs: np.ndarray, ys: np.ndarray
) -> np.ndarray:
    """(h, w, 2): where two bones' (2, 3) maps take places, turned from bone to bone about their joint.

    joint: (2,) px, where the bones meet; share: (h, w) of the first map, 0 to 1; xs, ys: (h, w) px. A mean of
    the two maps would shrink what lies between them: of opposite directions, to a point.
    """
    first, second = (m[:, :2] for m in maps)
    # each is a rotation after a stretch
    angles = [
        np.arctan2(linear[1, 0] - linear[0, 1], linear[0, 0] + linear[1, 1]) for linear in (first, second)
    ]
    turn = (angles[0] - angles[1] + np.pi) % (2 * np.pi) - np.pi
    stretches = [rotation(-angle) @ linear for angle, linear in zip(angles, (first, second), strict=True)]
    ends = [linear @ joint + m[:, 2] for linear, m in zip((first, second), maps, strict=True)]
    x, y = xs - np.float32(joint[0]), ys - np.float32(joint[1])

    def blended(a: float, b: float) -> np.ndarray:
        return np.float32(b) + np.float32(a - b) * share

    (a, b), (c, d) = ([blended(stretches[0][i, j], stretches[1][i, j]) for j in (0, 1)] for i in (0, 1))
    angle = blended(angles[1] + turn, angles[1])
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = a * x + b * y, c * x + d * y
    return np.stack(
        [
            cos * u - sin * v + blended(ends[0][0], ends[1][0]),
            sin * u + cos * v + blended(ends[0][1], ends[1][1]),
        ],
        axis=-1,
    )


def rotation(angle: float) -> np.ndarray:
    """(2, 2): by an angle, rad."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
