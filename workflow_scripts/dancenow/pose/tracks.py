"""Identify people over a clip: join detections into tracks, tracks into numbered persons, and choose one.

No track runs across a cut. A person is recognised after a cut by clothes and size.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.optimize import linear_sum_assignment

from dancenow.errors import InputError
from dancenow.keypoints import BODY, MIN_CONFIDENCE, People, box_diagonals, boxes
from dancenow.pose.looks import CLOTHES_REGIONS, typical, unlike
from dancenow.pose.pictured import pictured

log = logging.getLogger(__name__)

CHOICES = ("largest", "left", "right", "center")

# tracking: distances are means over the body keypoints seen in both frames, in box diagonals
LONGEST_STEP = 0.25  # farthest step from one frame to the next
REACH_GROWTH = 1.25  # additional reach per second out of sight
LOST_SECONDS = 0.4  # seconds a track may be out of sight before it ends
CLOTHES = 0.1  # of a box diagonal: cost of quite different clothes, relative to the distance

# whether a later track can be the same person: sizes and places are compared at the facing ends
NEAR_SECONDS = 2.0  # s: after less than this, the person must be near the end of the last track
NEAR_DIAGONALS = 1.0  # box diagonals
SIZE_RATIO = 1.6  # and always have about the same size,
SIZE_RATIO_ALIKE = 4.0  # or, after longer, the same clothes and a size that may be nearer or farther
CLOTHES_ALIKE = 8.0  # difference of colours (looks.unlike) up to which clothes count as the same
OTHER_CLOTHES = 16.0  # and from which they belong to somebody else
MOST_JOINED = 1000  # only so many tracks of a shot, the best, are joined; the others stay separate

BRIEF = 0.5  # seconds; a person in view for less gets no number, unless there is nobody else
# a track is taken over by one that begins where it was, if it is seen in at most this share of the other's
# frames: two who are both there are seen together, unless one hides the other, and that is brief
TOGETHER = 0.5
# share of its box inside the other's: of a skeleton of parts of them; who walks away covers less and less
OWN_SHARE = 0.4
RECENT_SECONDS = 1.0  # for so long it may have been such a skeleton alone
MEANT_SHARE = 0.1  # of the best score in the shot: people below it do not count for left, right or center


@dataclass(frozen=True)
class Person:
    """One person of a clip: (n,) ascending indices of rows of a People, at most one per frame."""

    rows: np.ndarray
    score: float


@dataclass(frozen=True)
class _Track:
    """A person in view without a gap; sizes (box diagonals, px) and centres are those at its two ends."""

    rows: np.ndarray
    first: int
    last: int
    score: float
    look: np.ndarray
    sizes: tuple[float, float]
    centres: tuple[np.ndarray, np.ndarray]


def find_persons(people: People, cuts: Sequence[int] = ()) -> list[Person]:
    """Everyone in view for half a second or more, as a list of Persons; number 1 is the first.

    people: People; cuts: frames at which a new shot begins. A track scores box area x mean body confidence,
    summed over its frames, so that size, confidence and length all count; a person scores the sum of the
    tracks. Numbers go by score, highest first; equal scores by first appearance.
    """
    tracks = _describe(people, _taken_over(people, find_tracks(people, cuts), cuts))
    shots = [[] for _ in range(len(cuts) + 1)]
    for track in tracks:
        shots[_shot(track.first, cuts)].append(track)
    groups = _carry_over_cuts([_group(shot, people.fps) for shot in shots])
    persons = [
        Person(np.sort(np.concatenate([track.rows for track in group])), sum(track.score for track in group))
        for group in groups
    ]
    persons.sort(key=lambda person: (-person.score, person.rows[0]))
    longest = max((len(person.rows) for person in persons), default=0)
    return [person for person in persons if len(person.rows) >= min(longest, BRIEF * people.fps)]


def choose_performer(
    people: People, persons: list[Person], performer: str | int, cuts: Sequence[int] = ()
) -> np.ndarray:
    """(n,) ascending indices into `people` of the one person that `performer` names.

    persons: from find_persons. performer: "largest" (the highest score; a poster beside a person does not
    count), "left", "right" or "center" (by the median place of the box), each decided again in every shot, or
    a person's number. Logs who was chosen and who was skipped. InputError: nobody found, an unknown choice,
    or a number that does not exist.
    """
    if not persons:
        raise InputError(
            "no frame shows a person with a body; use a clip that shows one person from head to feet"
        )
    if isinstance(performer, int) and 1 <= performer <= len(persons):
        chosen = persons[performer - 1].rows
    elif performer in CHOICES:
        shots = np.searchsorted(cuts, people.frame, side="right")
        scores, box = _scores(people), boxes(people.keypoints)
        middles = (box[:, 0] + box[:, 2]) / 2
        place = {"left": 0, "right": people.width, "center": people.width / 2}.get(performer)
        if place is None:
            meant = [each for each in persons if each.score >= MEANT_SHARE * persons[0].score]
            still = pictured([people.keypoints[each.rows] for each in meant], float(people.fps))
            for each, is_still in zip(meant, still, strict=True):
                scores[each.rows] *= not is_still
        in_shots = (shots == shot for shot in range(len(cuts) + 1))
        chosen = np.concatenate([_choose_in_shot(persons, scores, middles, place, shot) for shot in in_shots])
    else:
        raise InputError(
            f"subjects.<name>.performer is {performer!r}, but the people are numbered 1 to {len(persons)}; "
            f"use one of these numbers or: {', '.join(CHOICES)}; see results/figures/<name>.people.png"
        )
    taken = {number for number, person in enumerate(persons, 1) if np.isin(person.rows, chosen).any()}
    log.info(
        "people: %d; the performer (%s) is number %s; skipped: %s",
        len(persons),
        performer,
        ", then ".join(map(str, sorted(taken))),
        ", ".join(f"number {n} ({len(p.rows)} frames)" for n, p in enumerate(persons, 1) if n not in taken)
        or "nobody",
    )
    return chosen


def find_tracks(people: People, cuts: Sequence[int] = ()) -> list[np.ndarray]:
    """Join detections into tracks, frame by frame, by the cheapest assignment (Hungarian method).

    The cost is the distance of a detection's body from the position predicted by the track's last movement,
    plus the difference of clothes, so two people who cross keep their tracks. Returns a list of (n,) index
    arrays into `people`, ascending; detections without a body are left out.
    """
    diagonals, looks = box_diagonals(people.keypoints), _looks(people)
    has_body = (people.keypoints[:, BODY, 2] >= MIN_CONFIDENCE).any(axis=1) & (diagonals > 0)
    patience = max(1, round(LOST_SECONDS * people.fps))
    tracks, live, shot = [], [], 0
    for rows in np.split(np.arange(len(people.frame)), np.flatnonzero(np.diff(people.frame)) + 1):
        rows = rows[has_body[rows]]
        if not len(rows):
            continue
        frame = people.frame[rows[0]]
        live = [track for track in live if frame - people.frame[track[-1]] <= patience]
        if _shot(frame, cuts) != shot:
            live, shot = [], _shot(frame, cuts)
        cost = np.array([_costs(people, diagonals, looks, track, rows, patience) for track in live]).reshape(
            -1, len(rows)
        )
        new = set(rows.tolist())
        # leaving two unmatched costs no more than one long step, so that two wrong steps do not replace one
        # right one
        for a, b in zip(*linear_sum_assignment(np.minimum(cost, LONGEST_STEP)), strict=True):
            if np.isfinite(cost[a, b]):
                live[a].append(int(rows[b]))
                new.remove(int(rows[b]))
        begun = [[row] for row in sorted(new)]
        tracks += begun
        live += begun
    return [np.array(track) for track in tracks]


def _taken_over(people: People, tracks: list[np.ndarray], cuts: Sequence[int]) -> list[np.ndarray]:
    """find_tracks' tracks, put right where the detector lost somebody to a skeleton of parts of them.

    Such a skeleton continues the track now and then, and the person, found again, begins another one where
    they were, as large as before. From there on the track has the rows of that one; its own become another
    track.
    """
    sizes, box, looks = box_diagonals(people.keypoints), boxes(people.keypoints), _looks(people)
    brief, recent = BRIEF * people.fps, RECENT_SECONDS * people.fps
    result = list(tracks)
    starts, stops = (people.frame[[track[at] for track in tracks]] for at in (0, -1))
    for number, other in enumerate(tracks):
        first, last = people.frame[other[0]], people.frame[other[-1]]
        middle = (box[other[0], :2] + box[other[0], 2:]) / 2
        for index in np.flatnonzero((starts < first) & (first <= stops)) if len(other) >= brief else ():
            track, frames = result[index], people.frame[result[index]]
            before, within = track[frames < first], (first <= frames) & (frames <= last)
            late = before[people.frame[before] >= first - recent]
            beside = np.isin(frames, people.frame[other])
            if len(late) < brief or not beside.any():
                continue
            same = other[np.searchsorted(people.frame[other], frames[beside])]
            low, high = box[late, :2].min(axis=0), box[late, 2:].max(axis=0)
            size = np.median(sizes[late]) / np.median(sizes[other[: len(late)]])
            if (
                _shot(frames[0], cuts) == _shot(first, cuts)
                and within.sum() <= TOGETHER * len(other)
                and np.median(_share_inside(box[track[beside]], box[same])) >= OWN_SHARE
                and ((low <= middle) & (middle <= high)).all()
                and 1 / SIZE_RATIO <= size <= SIZE_RATIO
                and not unlike(typical(looks[before]), typical(looks[other])) > OTHER_CLOTHES
            ):
                result[index] = np.sort(np.concatenate([track[~within], other]))
                result[number] = track[within]
                starts[number] = people.count  # takes no part any more
                stops[index] = people.frame[result[index][-1]]
                break
    return [track for track in result if len(track)]


def _share_inside(box: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N,) share of each box, (N, 4) px, that lies inside the other's."""
    shared = np.minimum(box[:, 2:], other[:, 2:]) - np.maximum(box[:, :2], other[:, :2])
    return shared.clip(0).prod(axis=1) / (box[:, 2:] - box[:, :2]).prod(axis=1)


def _choose_in_shot(
    persons: list[Person], scores: np.ndarray, middles: np.ndarray, place: float | None, in_shot: np.ndarray
) -> np.ndarray:
    """The rows of one person in one shot; in_shot: (N,) bool.

    scores, middles: (N,) of each row, the middle of its box in px; place: px, the person nearest to it is
    chosen; None chooses the highest score.
    """
    rows = [person.rows[in_shot[person.rows]] for person in persons]
    sums = [scores[own].sum() for own in rows]
    best = int(np.argmax(sums))
    if place is None or not len(rows[best]):
        return rows[best]
    meant = [
        own for own, score in zip(rows, sums, strict=True) if score > 0 and score >= MEANT_SHARE * sums[best]
    ]
    return min(meant, key=lambda own: abs(np.median(middles[own]) - place))


def _describe(people: People, tracks: list[np.ndarray]) -> list[_Track]:
    """_Tracks, from the highest score."""
    sizes, scores, box = box_diagonals(people.keypoints), _scores(people), boxes(people.keypoints)
    centres, end = (box[:, :2] + box[:, 2:]) / 2, max(1, round(LOST_SECONDS * people.fps))
    described = [
        _Track(
            rows,
            first=int(people.frame[rows[0]]),
            last=int(people.frame[rows[-1]]),
            score=float(scores[rows].sum()),
            look=typical(_looks(people)[rows]),
            sizes=(float(np.median(sizes[rows[:end]])), float(np.median(sizes[rows[-end:]]))),
            centres=(centres[rows[0]], centres[rows[-1]]),
        )
        for rows in tracks
    ]
    return sorted(described, key=lambda track: (-track.score, track.first))


def _group(tracks: list[_Track], fps: Fraction | float) -> list[list[_Track]]:
    """The _Tracks of one shot, best first, as a list of persons: lists of _Tracks in the order of time.

    Each track continues in at most one other, so that as many as possible continue and the fit is best. Long
    ones are joined first: a glimpse, which may show anybody, would come between two of the same person.
    """
    joined, after = tracks[:MOST_JOINED], {}
    if joined:
        misfit, long = _misfits(joined, joined, fps), _long(joined, fps)
        after = _cheapest(np.where(long[:, None] & long, misfit, np.inf))
        for glimpse in np.flatnonzero(~long).tolist():
            fits = {a: misfit[a, glimpse] + misfit[glimpse, b] for a, b in after.items()}
            before = min(fits, key=fits.__getitem__, default=None)
            if before is not None and np.isfinite(fits[before]):
                after[before], after[glimpse] = glimpse, after[before]
        misfit[list(after)] = misfit[:, list(after.values())] = np.inf
        after |= _cheapest(misfit)
    groups = []
    for begin in sorted(set(range(len(tracks))) - set(after.values())):
        group = [begin]
        while group[-1] in after:
            group.append(after[group[-1]])
        groups.append([tracks[index] for index in group])
    return groups


def _long(tracks: list[_Track], fps: Fraction | float) -> np.ndarray:
    """(N,) bool: whether each track lasts for BRIEF seconds and more."""
    return np.array([len(track.rows) >= BRIEF * fps for track in tracks])


def _cheapest(misfit: np.ndarray) -> dict[int, int]:
    """The row that each column of misfit (E, B) follows in the best assignment, by row; none if infinite."""
    pairs = zip(*linear_sum_assignment(np.where(np.isfinite(misfit), misfit, 1)), strict=True)
    return {int(a): int(b) for a, b in pairs if np.isfinite(misfit[a, b])}


def _misfits(ends: list[_Track], begins: list[_Track], fps: Fraction | float) -> np.ndarray:
    """(E, B) 0..1, misfit between the start of one track and the end of another; infinite if impossible."""
    last, first = np.array([track.last for track in ends]), np.array([track.first for track in begins])
    sizes = np.array([track.sizes[1] for track in ends])[:, None], np.array([t.sizes[0] for t in begins])
    places = np.array([track.centres[1] for track in ends])[:, None], np.array([t.centres[0] for t in begins])
    absence = first - last[:, None]
    away = _distance(*places) / (NEAR_DIAGONALS * np.maximum(*sizes))
    ratio = np.abs(np.log(sizes[0] / sizes[1]))
    clothes = _unlike(ends, begins)
    soon = absence <= NEAR_SECONDS * fps
    farthest = np.log(np.where(~soon & (clothes <= CLOTHES_ALIKE), SIZE_RATIO_ALIKE, SIZE_RATIO))
    possible = (absence > 0) & (ratio <= farthest) & ~(soon & (away > 1)) & ~(clothes > OTHER_CLOTHES)
    # unknown clothes, and the place after a longer time, are no evidence
    clothes = np.nan_to_num(clothes / OTHER_CLOTHES, nan=0.5)
    misfit = (clothes + ratio / farthest + np.where(soon, away, 0.5)) / 3
    return np.where(possible, misfit, np.inf)


def _carry_over_cuts(shots: list[list[list[_Track]]]) -> list[list[_Track]]:
    """Join the persons of all shots: the nearest in clothes and size is the same person."""
    known = []
    for groups in shots:
        ends, begins = [group[-1] for group in known], [group[0] for group in groups]
        taken = {}
        if ends and begins:
            clothes = _unlike(ends, begins) / OTHER_CLOTHES
            sizes = np.subtract.outer(
                *(np.log([t.sizes[end] for t in side]) for side, end in ((ends, 1), (begins, 0)))
            )
            # a cut can change all sizes, so clothes come first if they are known
            misfit = np.where(np.isfinite(clothes), np.minimum(clothes, 1), 0.5) + 0.1 * np.abs(sizes)
            taken = {
                b: a for a, b in zip(*linear_sum_assignment(misfit), strict=True) if not clothes[a, b] > 1
            }
        for index, group in enumerate(groups):
            if index in taken:
                known[taken[index]] = known[taken[index]] + group
            else:
                known.append(group)
    return known


def _unlike(tracks: list[_Track], others: list[_Track]) -> np.ndarray:
    """(len(tracks), len(others)) differences of looks, NaN if they cannot be compared."""
    looks = [np.array([track.look for track in side]) for side in (tracks, others)]
    return unlike(looks[0][:, None], looks[1])


def _costs(
    people: People,
    diagonals: np.ndarray,
    looks: np.ndarray,
    track: list[int],
    rows: np.ndarray,
    patience: int,
) -> np.ndarray:
    """(len(rows),) cost of continuing `track` with each detection; infinite if impossible."""
    last = people.keypoints[track[-1], BODY]
    steps = people.frame[rows[0]] - people.frame[track[-1]]
    place = last[:, :2]
    if len(track) > 1 and people.frame[track[-1]] - people.frame[track[-2]] == 1:
        earlier = people.keypoints[track[-2], BODY]
        both = (last[:, 2] >= MIN_CONFIDENCE) & (earlier[:, 2] >= MIN_CONFIDENCE)
        if both.any():
            place = place + steps * np.median(last[both, :2] - earlier[both, :2], axis=0)
    found = people.keypoints[rows, BODY]
    shared = (found[..., 2] >= MIN_CONFIDENCE) & (last[:, 2] >= MIN_CONFIDENCE)
    distance = (_distance(found[..., :2], place) * shared).sum(axis=1) / np.maximum(shared.sum(axis=1), 1)
    cost = distance / np.maximum(diagonals[rows], diagonals[track[-1]])
    within = shared.any(axis=1) & (cost <= LONGEST_STEP + REACH_GROWTH * (steps - 1) / float(people.fps))
    clothes = np.nan_to_num(unlike(looks[rows], typical(looks[track[-patience:]])) / OTHER_CLOTHES)
    return np.where(within, cost + CLOTHES * np.minimum(clothes, 1), np.inf)


def _scores(people: People) -> np.ndarray:
    """(N,) box area x mean body confidence."""
    return _sides(people.keypoints).prod(axis=-1) * people.keypoints[:, BODY, 2].mean(axis=1)


def _looks(people: People) -> np.ndarray:
    """(N, CLOTHES_REGIONS, 3) looks, all NaN for a People without looks."""
    if people.looks is None:
        return np.full((len(people.frame), CLOTHES_REGIONS, 3), np.nan, np.float32)
    return people.looks


def _shot(frame: int, cuts: Sequence[int]) -> int:
    """Number of the shot that a frame is in, from 0."""
    return int(np.searchsorted(cuts, frame, side="right"))


def _distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.linalg.norm(a - b, axis=-1)


def _sides(keypoints: np.ndarray) -> np.ndarray:
    """(..., 2) width and height of the box around body and feet, 0 where nothing is seen."""
    box = boxes(keypoints)
    return np.nan_to_num(box[..., 2:] - box[..., :2])
