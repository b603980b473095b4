"""Whoever moves most, and whom MediaPipe did not find: a b-boy who stands on his head before a crowd.

MediaPipe's detector knows people who stand, and its landmark models take whoever in a crowd is easiest.
So they are shown what moves and nothing else, turned by each eighth of a full turn, and of the skeletons
that cover what moves the path through time is taken that fits best and jumps least.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np

from dancenow.keypoints import BODY, MIN_CONFIDENCE
from dancenow.pose.estimators.estimator import Mover, Shown
from dancenow.pose.estimators.mediapipe_people import SURE, Canonical, Follower, sureness
from dancenow.pose.masks import soft_mask
from dancenow.pose.movement import ACCOUNTED, JOINED, MOSTLY, Region, accounts

TURNS = 8  # rectangles tried around a region, all the way round
PASSES_EACH = 2  # of the models over each: the second lies around what the first found
LEAST_IN_REGION = 0.6  # of a skeleton in the region
TRIAL = 50  # frames; if most of them show nobody, the others are not tried
KEPT = 6  # skeletons of a frame, the best
STEP_COST = 1.0  # cost of a step as long as the region's diagonal, in scores
MUTED_LEVEL = 128  # level of what does not move, for the models


@dataclass(frozen=True)
class _Candidate:
    """A (133, 3) skeleton, its score, and its (H, W) mask as a PNG file."""

    person: np.ndarray
    score: float
    mask: np.ndarray


def follow_mover(canonical: Canonical, shown: Iterable[Shown]) -> Iterator[Mover]:
    """Yield (index, (133, 3) float32, (H, W) uint8 mask) of the person who moves, for frames that show one.

    canonical: as in OtherPeople; shown: in order. Gives up if most of the first TRIAL frames show nobody.
    """
    found = []
    with closing(Follower(canonical, masks=True)) as follower:
        for count, (index, frame, region) in enumerate(shown):
            if count == TRIAL and len(found) < MOSTLY * count:
                break
            candidates = _candidates(follower, frame, region)
            if candidates:
                found.append((index, candidates, region.diagonal()))
    for (index, candidates, _), best in zip(found, _smoothest(found), strict=True):
        chosen = candidates[best]
        yield index, chosen.person, cv2.imdecode(chosen.mask, cv2.IMREAD_GRAYSCALE)


def _candidates(follower: Follower, frame: np.ndarray, region: Region) -> list[_Candidate]:
    """The best skeletons of what moves in a frame, best first."""
    picture, found = _muted(frame, region), []
    for turn in range(TURNS):
        follower.place((*region.middle(), region.diagonal() / 2, turn * 2 * np.pi / TURNS), frame.shape)
        for _ in range(PASSES_EACH):
            person = follower.follow(picture)
            if person is None:
                break
            inside, covered = accounts(region, person)
            sure = sureness(person)
            if sure > SURE and inside > LEAST_IN_REGION and covered > ACCOUNTED:
                found.append((sure / 2 + inside / 2 + covered, person, follower.mask))
    found.sort(key=lambda each: -each[0])
    return [
        _Candidate(person, score, cv2.imencode(".png", soft_mask(frame, mask))[1])
        for score, person, mask in found[:KEPT]
    ]


def _muted(frame: np.ndarray, region: Region) -> np.ndarray:
    """The frame, grey where nothing moves."""
    margin = JOINED * max(frame.shape)
    wide = cv2.dilate(region.mask.astype(np.float32), np.ones((2 * round(margin / 2) + 1,) * 2))
    share = cv2.GaussianBlur(wide, (0, 0), margin / 2)[..., None]
    return np.rint(frame * share + MUTED_LEVEL * (1 - share)).astype(np.uint8)


def _smoothest(found: list[tuple[int, list[_Candidate], float]]) -> list[int]:
    """Which candidate of each frame lies on the path of high scores and short steps (Viterbi)."""
    totals, came = np.zeros(1), []
    for number, (_, candidates, diagonal) in enumerate(found):
        scores = np.array([candidate.score for candidate in candidates])
        if not number:
            totals = scores
            continue
        steps = np.array([[_step(a, b) for a in found[number - 1][1]] for b in candidates]) / diagonal
        reached = totals - STEP_COST * steps
        came.append(reached.argmax(axis=1))
        totals = scores + reached.max(axis=1)
    path = [int(totals.argmax())] if found else []
    for back in reversed(came):
        path.append(int(back[path[-1]]))
    return path[::-1]


def _step(one: _Candidate, other: _Candidate) -> float:
    """px: the mean way of the body's joints that both show."""
    a, b = one.person[BODY], other.person[BODY]
    both = (a[:, 2] >= MIN_CONFIDENCE) & (b[:, 2] >= MIN_CONFIDENCE)
    return float(np.linalg.norm(a[both, :2] - b[both, :2], axis=1).mean()) if both.any() else 0.0
