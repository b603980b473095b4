"""How similar a part looks in two poses, and which poses cover the others."""

from fractions import Fraction

import numpy as np

from dancenow.keypoints import INDEX
from dancenow.pose.facing import overturned, upright
from dancenow.references.body_parts import FRONT_OR_BACK, HANDS, PARTS, SIDES, kind, other_side

OPPOSITE = 2.0  # cost of a reference from the front for a pose from the back
TWO_SIDED = ("head", "trunk")  # a face on the back of a head is worse than nothing
# a limb can be turned as a whole without a trace, but a joint that is opened or closed by much tears
BEND = 2.0
# of the standing height, from a leg's or foot's bone: the other one, if about so near, comes along with its
# piece; were more counted, the rest would be less alike
LEG_NEAR, FOOT_NEAR = 0.02, 0.05
# brings distances of arms and legs back to the scale of the other parts, and of the cost of a change
LIMB = 0.6
# how many of a part's features, its last, tell how far off is what would come along with a piece
COMES_ALONG = {"head": 2, "trunk": 0, "arm": 4, "hand": 4, "leg": 2, "foot": 1}
MOST_PIECES = 200  # most references of a part, for footage of any length
ALONE = 1.0  # s: a reference nearer in time would give away the result
SHORT = 1 / 6  # of a short clip: the limit is at most this share of it


def moments_apart(fps: Fraction | float, count: int) -> float:
    """Frames that must lie between a training frame and its references; count: of the training frames."""
    return min(ALONE * float(fps), SHORT * count)


def likeness_features(keypoints: np.ndarray, unit: float) -> dict[str, np.ndarray]:
    """{part: (T, F) float32}: features; two poses look alike in a part if its features are near.

    keypoints: (T, 133, 3) px; unit: the standing height, px. Features are a part's shape and direction, the
    turn of the body, and for hands and arms what lies behind them, for legs and feet whether the other one is
    near, because the piece includes it. Of a body that leans far, or stands on its head, all but legs and
    hands are as seen when it is upright.
    """
    body = _Body(keypoints, unit)
    features = {"head": _head(body), "trunk": _trunk(body)}
    for side in SIDES:
        features[f"{side}_arm"] = _arm(body, side)
        features[f"{side}_hand"] = _hand(body, side)
        features[f"{side}_leg"] = _leg(body, side)
        features[f"{side}_foot"] = _foot(body, side)
    return {part: np.concatenate(features[part], axis=1) for part in PARTS}


class _Body:
    """T poses in standing heights, with the places that the features of several parts start from: (T, 2)."""

    def __init__(self, keypoints: np.ndarray, unit: float) -> None:
        self.keypoints, self.unit = keypoints, unit
        self.points = keypoints[..., :2].astype(np.float32) / np.float32(unit)
        self.across, self.hips = self.over("shoulder"), self.over("hip")
        self.neck, self.pelvis, self.eyes = (self.between(name) for name in ("shoulder", "hip", "eye"))

    def at(self, name: str) -> np.ndarray:
        return self.points[:, INDEX[name]]

    def joints(self, side: str, *names: str) -> list[np.ndarray]:
        return [self.at(f"{side}_{name}") for name in names]

    def between(self, name: str) -> np.ndarray:
        """Half-way between a left and a right keypoint."""
        return (self.at(f"left_{name}") + self.at(f"right_{name}")) / 2

    def over(self, name: str) -> np.ndarray:
        """From a right keypoint to the left one."""
        return self.at(f"left_{name}") - self.at(f"right_{name}")

    def palm(self, side: str) -> np.ndarray:
        return self.points[:, HANDS[side]].mean(axis=1)

    def level(self, part: str, offsets: list[np.ndarray]) -> list[np.ndarray]:
        """Offsets as they are seen when the body's part is upright."""
        angle = overturned(self.keypoints, self.unit, part)
        return [upright(each, angle) for each in offsets]

    def behind_arms(self) -> list[tuple]:
        """(start, end, radius) of what an arm or hand may lie before: trunk, face and thighs."""
        behind = [(self.neck, self.pelvis, 0.09), (self.eyes, (self.eyes + self.neck) / 2, 0.06)]
        return behind + [(*self.joints(side, "hip", "knee"), 0.05) for side in SIDES]


def _head(body: _Body) -> list[np.ndarray]:
    shape = [
        3 * (body.at("nose") - body.between("ear")),
        2 * body.over("eye"),
        2 * body.over("ear"),
        body.eyes - body.neck,
        0.5 * body.across,
    ]
    # a hand in front of the face leaves traces in its piece: if the pose has none, the piece must have none
    hands = [_before(body.palm(side), body.eyes, body.neck, 0.05) for side in SIDES]
    return body.level("head", shape) + hands


def _trunk(body: _Body) -> list[np.ndarray]:
    shape = [body.across, body.hips, body.neck - body.pelvis, body.at("nose") - body.neck]
    shape += [0.2 * (body.at(f"{side}_elbow") - body.neck) for side in SIDES]
    return body.level("trunk", shape)


def _arm(body: _Body, side: str) -> list[np.ndarray]:
    shoulder, elbow, wrist = body.joints(side, "shoulder", "elbow", "wrist")
    upper, forearm = elbow - shoulder, wrist - elbow
    # an arm beside the trunk shows some of it; where the trunk is, and not what is down, counts
    arm = body.level("trunk", [upper, forearm, 0.5 * body.across, 0.2 * (wrist - body.pelvis)])
    arm += [BEND * _bend(upper, forearm)]
    arm += [_before((wrist + elbow) / 2, *bone) for bone in body.behind_arms()]
    return [LIMB * each for each in arm]


def _hand(body: _Body, side: str) -> list[np.ndarray]:
    elbow, wrist = body.joints(side, "elbow", "wrist")
    hand, palm = body.points[:, HANDS[side]], body.palm(side)
    fingers = (hand - palm[:, None]).reshape(len(hand), -1) * (3 / len(HANDS[side]) ** 0.5)
    return [fingers, 0.5 * (wrist - elbow), *(_before(palm, *bone) for bone in body.behind_arms())]


def _leg(body: _Body, side: str) -> list[np.ndarray]:
    hip, knee, ankle = body.joints(side, "hip", "knee", "ankle")
    wide, wide_hips = body.level("trunk", [body.across, body.hips])
    leg = [knee - hip, ankle - knee, wide_hips, 0.3 * wide, BEND * _bend(knee - hip, ankle - knee)]
    # what is before or beside a leg comes along with its piece, as beside a foot
    hip_, knee_, ankle_ = body.joints(other_side(side), "hip", "knee", "ankle")
    along = (hip_ + 2 * knee_) / 3, knee_, (knee_ + ankle_) / 2, ankle_
    for bone in ((hip, knee), (knee, ankle)):
        leg += [np.min([_before(place, *bone, LEG_NEAR) for place in along], axis=0)]
    return [LIMB * each for each in leg]


def _foot(body: _Body, side: str) -> list[np.ndarray]:
    knee, ankle, heel, toe = body.joints(side, "knee", "ankle", "heel", "big_toe")
    heel_, toe_ = body.joints(other_side(side), "heel", "big_toe")
    foot = body.level(f"{side}_foot", [2 * (toe - heel), 2 * (ankle - heel), 0.5 * (ankle - knee)])
    return [*foot, 0.25 * _before((heel_ + toe_) / 2, heel, toe, FOOT_NEAR)]


def _bend(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(T, 2): the second bone of a limb as seen along its first: however the limb is turned, the same."""
    along = first / np.maximum(np.hypot(*first.T), 1e-3)[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.stack([(second * along).sum(axis=1), (second * across).sum(axis=1)], axis=1)


def _before(place: np.ndarray, start: np.ndarray, end: np.ndarray, radius: float) -> np.ndarray:
    """(T, 1): distance of a place from the surroundings of a bone, from just inside to well outside."""
    along = end - start
    share = ((place - start) * along).sum(axis=1) / np.maximum((along * along).sum(axis=1), 1e-6)
    apart = np.hypot(*(place - start - np.clip(share, 0, 1)[:, None] * along).T) - radius
    return 0.25 * np.clip(apart[:, None] / 0.06, -0.5, 1)


def unlikeness(
    part: str, wanted: np.ndarray, given: np.ndarray, wanted_turn: np.ndarray, given_turn: np.ndarray
) -> np.ndarray:
    """(T, R) float32: the distance of T driving poses from R given ones in one part.

    wanted, given: (T, F) and (R, F) features of the part; the turns: as from `turned`; front and back are
    never alike, nor a back and what is seen from the side, but a little from the front. What does not
    come along with the given one costs nothing.
    """
    alone = wanted.shape[1] - COMES_ALONG[kind(part)]
    (wanted, clear), (given, clear_given) = (np.split(each, [alone], axis=1) for each in (wanted, given))
    square = (wanted**2).sum(axis=1)[:, None] + (given**2).sum(axis=1) - 2 * wanted @ given.T
    for far, near in zip(clear.T, clear_given.T, strict=True):
        square += np.maximum(far[:, None] - near, 0) ** 2
    apart = np.sqrt(np.maximum(square, 0))
    wanted_turn = wanted_turn[:, None]
    return apart + OPPOSITE * (
        (np.sign(wanted_turn) * np.sign(given_turn) < 0)
        & (np.abs(wanted_turn - given_turn) > 2 * FRONT_OR_BACK)
    )


def sideways(wanted_turn: np.ndarray, given_turn: np.ndarray) -> np.ndarray:
    """(T, R) float32, 0 to 1: 1 where a pose clearly shows its front or back and a reference, from the side,
    shows neither: it would be shown as half a body, or as a profile.

    The turns, (T,) and (R,): as from `turned`.
    """
    clear = np.clip(np.abs(wanted_turn) / FRONT_OR_BACK - 2, 0, 1)
    return clear[:, None] * (side_of(given_turn) == 0)


def side_of(turn: np.ndarray) -> np.ndarray:
    """float32, in the shape of `turn`, which is from `turned`: 1 for the front, -1 for the back, else 0."""
    return np.sign(turn) * (np.abs(turn) > FRONT_OR_BACK)


def acceptable(part: str, cost: np.ndarray) -> np.ndarray:
    """bool, in the shape of `cost`: whether a reference of a part may be used for a driving pose at all."""
    return (cost < OPPOSITE) | (part not in TWO_SIDED)


def spread_out(features: np.ndarray, most: int) -> np.ndarray:
    """Ascending indices of at most `most` rows of (T, F) features that cover the others (k-centre).

    Greedy farthest points (Gonzalez 1985), starting at the row nearest to the mean: for footage of any
    length, the largest distance from a row to its nearest chosen one is at most twice the best possible.
    """
    chosen = [int(((features - features.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    away = ((features - features[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < most and away.max() > 0:
        chosen.append(int(away.argmax()))
        np.minimum(away, ((features - features[chosen[-1]]) ** 2).sum(axis=1), out=away)
    return np.array(sorted(chosen))
