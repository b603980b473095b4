"""Find the poses of a dance that the target never showed, part by part, from the poses alone."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import Pose, standing_height
from dancenow.pose.facing import turned
from dancenow.pose.grounding import inside
from dancenow.references.body_parts import FRONT_OR_BACK, PARTS, points_of, visible_parts
from dancenow.references.likeness import (
    MOST_PIECES,
    OPPOSITE,
    likeness_features,
    moments_apart,
    spread_out,
    unlikeness,
)
from dancenow.stretches import stretches_of

QUANTILE = 0.95  # quantile of the target's own distances: a pose farther away than this was not shown
LEAST_LIMIT = 0.1  # two detections of one pose differ by this
# s: a shorter stretch is a detection error, in dance and footage; two nearer than this are one
LEAST_GAP_SECONDS, JOINED_SECONDS = 0.2, 0.5
SIZES = 0.8, 1.25  # factor of the smallest and the largest size shown: beyond this, the gap is one of size
SIDES_SHOWN = {"front": 1, "back": -1}


@dataclass(frozen=True)
class Gap:
    """A part of a dance that no reference shows.

    part: one of PARTS, or "front" or "back" for all parts; how: what was not shown, "side" for front and
    back, else "part" (it was never whole), "side", "larger", "smaller" or "position"; share: of the dance's
    frames, 0..1; moments: [(start, stop)] s, in the order of time.
    """

    part: str
    how: str
    share: float
    moments: list


def find_gaps(pose: Pose, shown: np.ndarray, fps: Fraction | float) -> tuple[dict, list[Gap]]:
    """Compare a dance with the poses from which references are chosen.

    pose: the Pose of the dance in the target's frame; shown: (T, 133, 3) px, the target's training frames;
    fps: of these. Returns ({part: limit of its unlikeness, None where it was never shown}, [Gap]).

    The limits come from the target: QUANTILE of the distances of the training frames to the nearest reference
    that is as far away in time as in training, without comparing front and back, and at least LEAST_LIMIT.
    Masks and blur, which count in the choice, are not known here. InputError if no frame of `shown` tells the
    standing height.
    """
    unit = standing_height(shown)
    if not np.isfinite(unit):
        raise InputError(
            "no training frame shows a head and a foot, or a trunk; use a clip of the whole body"
        )
    wanted = pose.keypoints
    features, given = likeness_features(wanted, unit), likeness_features(shown, unit)
    turns, given_turns = turned(wanted, unit), turned(shown, unit)
    driven, seen = visible_parts(wanted) & _in_picture(pose), visible_parts(shown)
    alone = moments_apart(fps, len(shown))
    limits, gaps = {}, []

    aside = np.zeros(len(wanted), bool)
    body = PARTS.index("trunk")
    for side, sign in SIDES_SHOWN.items():
        here = driven[:, body] & (sign * turns > FRONT_OR_BACK)
        there = seen[:, body] & (sign * given_turns > FRONT_OR_BACK)
        if there.sum() < LEAST_GAP_SECONDS * float(fps):
            aside |= here
            # a detection error that shows a back in one frame must not count as footage of the back
            seen &= ~there[:, None]
            gaps += _gap(side, "side", here, pose.fps)
    for number, part in enumerate(PARTS):
        here = driven[:, number] & ~aside
        own = np.flatnonzero(seen[:, number])
        if not len(own):
            limits[part] = None
            gaps += _gap(part, "part", here, pose.fps)
            continue
        own = own[spread_out(given[part][own], MOST_PIECES)]
        turns, given_turns = turned(wanted, unit, part), turned(shown, unit, part)
        limits[part] = _limit(part, given[part], given_turns, seen[:, number], own, alone)
        nearest = unlikeness(part, features[part], given[part][own], turns, given_turns[own]).min(axis=1)
        far = here & (nearest > limits[part])
        if far.any():
            opposite = np.median(nearest[far]) >= OPPOSITE
            how = "side" if opposite else _size_class(_sizes(wanted[far], part), _sizes(shown[own], part))
            gaps += _gap(part, how, far, pose.fps)
    return limits, gaps


def _in_picture(pose: Pose) -> np.ndarray:
    """(T, parts) bool: whether any point of a part lies in the picture; parts beyond it need no reference."""
    there = inside(pose)
    return np.stack([there[:, points_of(part)].any(axis=1) for part in PARTS], axis=1)


def _limit(
    part: str, features: np.ndarray, turns: np.ndarray, seen: np.ndarray, own: np.ndarray, alone: float
) -> float | None:
    """The limit of a part. features: (T, F); own: the reference frames; alone: least distance in frames."""
    frames = np.flatnonzero(seen)
    cost = unlikeness(part, features[frames], features[own], turns[frames], turns[own])
    cost[np.abs(frames[:, None] - own) <= alone] = np.inf
    nearest = cost.min(axis=1)
    nearest = nearest[nearest < OPPOSITE]
    return max(LEAST_LIMIT, float(np.quantile(nearest, QUANTILE))) if len(nearest) else OPPOSITE


def _sizes(keypoints: np.ndarray, part: str) -> np.ndarray:
    """(N,) px: root mean square distance of a part's points from their middle."""
    points = keypoints[:, points_of(part), :2].astype(np.float64)
    return np.sqrt(((points - points.mean(axis=1, keepdims=True)) ** 2).sum(axis=2).mean(axis=1))


def _size_class(wanted: np.ndarray, shown: np.ndarray) -> str:
    size = np.median(wanted)
    if size > SIZES[1] * shown.max():
        return "larger"
    return "smaller" if size < SIZES[0] * shown.min() else "position"


def _gap(part: str, how: str, frames: np.ndarray, fps: Fraction | float) -> list[Gap]:
    """[Gap] of these frames, (T,) bool, or [] if they are only a few detection errors."""
    stretches = runs(frames, JOINED_SECONDS * float(fps), LEAST_GAP_SECONDS * float(fps))
    if not stretches:
        return []
    share = sum(int(frames[start:stop].sum()) for start, stop in stretches) / len(frames)
    moments = [(start / float(fps), stop / float(fps)) for start, stop in stretches]
    return [Gap(part, how, share, moments)]


def runs(frames: np.ndarray, joined: float, least: float) -> list[tuple[int, int]]:
    """[(start, stop)] of the stretches of True in (T,) bool, in frames.

    Those with fewer than `joined` frames between them are joined; then those with fewer than `least` frames
    of True are dropped.
    """
    stretches = []
    for start, stop in stretches_of(frames):
        if stretches and start - stretches[-1][1] < joined:
            stretches[-1] = stretches[-1][0], stop
        else:
            stretches.append((start, stop))
    return [(start, stop) for start, stop in stretches if frames[start:stop].sum() >= least]
