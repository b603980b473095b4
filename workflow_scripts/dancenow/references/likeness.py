"""How similar a part looks in two poses, and which poses cover the others."""

from fractions import Fraction

import numpy as np

from dancenow.keypoints import INDEX
from dancenow.pose.facing import overturned, upright
from dancenow.references.body_parts import FRONT_OR_BACK, HANDS, PARTS, SIDES

OPPOSITE = 2.0  # cost of a reference from the front for a pose from the back
TWO_SIDED = ("head", "trunk")  # a face on the back of a head is worse than nothing
# a limb can be turned as a whole without a trace, but a joint that is opened or closed by much tears
BEND = 2.0
# of the standing height, from a leg's or foot's bone: the other one, if about so near, comes along with its
# piece; were more counted, the rest would be less alike
LEG_NEAR, FOOT_NEAR = 0.02, 0.05
# brings distances of arms and legs back to the scale of the other parts, and of the cost of a change
LIMB = 0.6
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
    points = keypoints[..., :2].astype(np.float32) / np.float32(unit)

    def at(name: str) -> np.ndarray:
        return points[:, INDEX[name]]

    def level(part: str, offsets: list[np.ndarray]) -> list[np.ndarray]:
        angle = overturned(keypoints, unit, part)
        return [upright(each, angle) for each in offsets]

    across, hips = at("left_shoulder") - at("right_shoulder"), at("left_hip") - at("right_hip")
    wide, wide_hips = level("trunk", [across, hips])
    neck, pelvis = (at("left_shoulder") + at("right_shoulder")) / 2, (at("left_hip") + at("right_hip")) / 2
    ears, eyes = (at("left_ear") + at("right_ear")) / 2, (at("left_eye") + at("right_eye")) / 2
    nose = at("nose")
    head = [
        3 * (nose - ears),
        2 * (at("left_eye") - at("right_eye")),
        2 * (at("left_ear") - at("right_ear")),
        eyes - neck,
        0.5 * across,
    ]
    trunk = [
        across,
        hips,
        neck - pelvis,
        nose - neck,
        0.2 * (at("left_elbow") - neck),
        0.2 * (at("right_elbow") - neck),
    ]
    features = {"head": level("head", head), "trunk": level("trunk", trunk)}
    # a hand in front of the face is part of its piece: if the pose has none there, the piece must have none
    features["head"] += [_before(points[:, HANDS[side]].mean(axis=1), eyes, neck, 0.05) for side in SIDES]
    behind = [(neck, pelvis, 0.09), (eyes, (eyes + neck) / 2, 0.06)]
    behind += [(at(f"{side}_hip"), at(f"{side}_knee"), 0.05) for side in SIDES]
    for side in SIDES:
        shoulder, elbow, wrist, hip, knee, ankle, heel, toe = (
            at(f"{side}_{name}")
            for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "heel", "big_toe")
        )
        hand = points[:, HANDS[side]]
        palm, forearm = hand.mean(axis=1), wrist - elbow
        fingers = (hand - palm[:, None]).reshape(len(hand), -1) * (3 / len(HANDS[side]) ** 0.5)
        # an arm beside the trunk shows some of it; where the trunk is, and not what is down, counts
        arm = level("trunk", [elbow - shoulder, forearm, 0.5 * across, 0.2 * (wrist - pelvis)])
        features[f"{side}_arm"] = [*arm, BEND * _bend(elbow - shoulder, forearm)]
        features[f"{side}_arm"] += [_before((wrist + elbow) / 2, *bone) for bone in behind]
        features[f"{side}_hand"] = [fingers, 0.5 * forearm, *(_before(palm, *bone) for bone in behind)]
        features[f"{side}_leg"] = [knee - hip, ankle - knee, wide_hips, 0.3 * wide]
        features[f"{side}_leg"] += [BEND * _bend(knee - hip, ankle - knee)]
        # what is before or beside a leg or foot comes along with its piece
        hip_, knee_, ankle_, heel_, toe_ = (
            at(f"{SIDES[side == 'left']}_{joint}") for joint in ("hip", "knee", "ankle", "heel", "big_toe")
        )
        along = (hip_ + 2 * knee_) / 3, knee_, (knee_ + ankle_) / 2, ankle_
        for bone in ((hip, knee), (knee, ankle)):
            near = [_before(place, *bone, LEG_NEAR) for place in along]
            features[f"{side}_leg"] += [np.min(near, axis=0)]
        for limb in (f"{side}_arm", f"{side}_leg"):
            features[limb] = [LIMB * each for each in features[limb]]
        foot = [2 * (toe - heel), 2 * (ankle - heel), 0.5 * (ankle - knee)]
        features[f"{side}_foot"] = level(f"{side}_foot", foot)
        features[f"{side}_foot"] += [0.25 * _before((heel_ + toe_) / 2, heel, toe, FOOT_NEAR)]
    return {part: np.concatenate(features[part], axis=1) for part in PARTS}


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
    wanted: np.ndarray, given: np.ndarray, wanted_turn: np.ndarray, given_turn: np.ndarray
) -> np.ndarray:
    """(T, R) float32: the distance of T driving poses from R given ones in one part.

    wanted, given: (T, F) and (R, F) features of the part; the turns: as from `turned`; front and back are
    never alike, nor a back and what is seen from the side, but a little from the front.
    """
    square = (wanted**2).sum(axis=1)[:, None] + (given**2).sum(axis=1) - 2 * wanted @ given.T
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
