"""Who is who over a clip: detections joined into tracks, tracks into numbered persons, one of them chosen.

A cut starts everything afresh: no track runs across one. A person is carried over it by size alone.
"""

import logging
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from dancenow.errors import InputError
from dancenow.keypoints import BODY, MIN_CONFIDENCE, boxes

log = logging.getLogger(__name__)

CHOICES = ("largest", "left", "right", "center")

# following a person: distances are means over the body keypoints that both frames show, in box diagonals
REACH = 0.25  # farthest step from one frame to the next
REACH_GROWTH = 0.05  # more reach per frame out of sight
PATIENCE = 0.4  # seconds a track may be out of sight before it ends

# whether a later track can be the same person again
NEAR_SECONDS = 2.0  # after less than this the person must be near where the last track ended
NEAR = 1.0  # box diagonals
SIZE_RATIO = 1.6  # and always of about the same size
LEADERS = 8  # so many of the best tracks are tried as a person's main one

BRIEF = 0.5  # seconds; whoever is in view for less gets no number, unless there is nobody else
SHARE = 0.1  # of the best score in the shot: who has less is not meant by left, right or center


@dataclass(frozen=True)
class Person:
    """One person of a clip, with the (n,) ascending indices of the rows of a People, at most one a frame."""

    rows: np.ndarray
    score: float


@dataclass(frozen=True)
class _Track:
    """One stretch of a person in view: its rows, frames, box size (px), box centres at the ends."""

    rows: np.ndarray
    first: int
    last: int
    size: float
    begin: np.ndarray
    end: np.ndarray
    score: float


def find_persons(people, cuts=()):
    """Everyone who is in view for half a second or more, as a list of Persons; number 1 is its first.

    people: People; cuts: frames at which a new shot begins. A track scores box area x mean body confidence,
    summed over its frames, so that size, sureness and length all count; a person scores the sum of the
    tracks. The numbers follow the scores, from the highest; between equals, who comes first in the clip.
    """
    tracks = _describe(people, find_tracks(people, cuts))
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


def choose_performer(people, persons, performer, cuts=()):
    """(n,) ascending indices into `people` of the one person that `performer` names.

    persons: from find_persons. performer: "largest" (the highest score), "left", "right" or "center" (by the
    median place of the box), each decided afresh in every shot, or a person's number. Logs who was taken and
    how many were skipped. InputError: nobody, an unknown choice, or a number that nobody has.
    """
    if not persons:
        raise InputError(
            "nobody with a body in any frame; use a clip that shows one person from head to foot"
        )
    if isinstance(performer, int) and 1 <= performer <= len(persons):
        chosen = persons[performer - 1].rows
    elif performer in CHOICES:
        shots = np.searchsorted(cuts, people.frame, side="right")
        chosen = [_choose_in_shot(people, persons, performer, shots == shot) for shot in range(len(cuts) + 1)]
        chosen = np.concatenate(chosen)
    else:
        raise InputError(
            f"subjects.<name>.performer is {performer!r}, but the people are numbered 1 to {len(persons)}; "
            f"take such a number or one of: {', '.join(CHOICES)}; see results/figures/<name>.people.png"
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


def find_tracks(people, cuts=()):
    """Join detections into tracks, frame by frame, by the cheapest assignment (Hungarian method).

    The cost is how far a detection's body is from where the track's last movement would take it, so two
    people who cross keep their own tracks. Returns a list of (n,) index arrays into `people`, ascending;
    detections without a body are in none.
    """
    diagonals = np.linalg.norm(_sides(people.keypoints), axis=-1)
    has_body = (people.keypoints[:, BODY, 2] >= MIN_CONFIDENCE).any(axis=1) & (diagonals > 0)
    patience = max(1, round(PATIENCE * people.fps))
    tracks, live, shot = [], [], 0
    for rows in np.split(np.arange(len(people.frame)), np.flatnonzero(np.diff(people.frame)) + 1):
        rows = rows[has_body[rows]]
        if not len(rows):
            continue
        frame = people.frame[rows[0]]
        live = [track for track in live if frame - people.frame[track[-1]] <= patience]
        if _shot(frame, cuts) != shot:
            live, shot = [], _shot(frame, cuts)
        cost = np.array([_costs(people, diagonals, track, rows) for track in live]).reshape(-1, len(rows))
        new = set(rows.tolist())
        # forbidden pairs cost more than all allowed ones together: they are taken only for want of others
        for a, b in zip(*linear_sum_assignment(np.where(np.isfinite(cost), cost, 1e6)), strict=True):
            if np.isfinite(cost[a, b]):
                live[a].append(int(rows[b]))
                new.remove(int(rows[b]))
        begun = [[row] for row in sorted(new)]
        tracks += begun
        live += begun
    return [np.array(track) for track in tracks]


def _choose_in_shot(people, persons, performer, in_shot):
    """The rows of one person in one shot; in_shot: (N,) bool."""
    scores = _scores(people)
    rows = [person.rows[in_shot[person.rows]] for person in persons]
    sums = [scores[own].sum() for own in rows]
    best = int(np.argmax(sums))
    if performer == "largest" or not len(rows[best]):
        return rows[best]
    box = boxes(people.keypoints)
    wanted = {"left": 0, "right": people.width, "center": people.width / 2}[performer]
    meant = [own for own, score in zip(rows, sums, strict=True) if score > 0 and score >= SHARE * sums[best]]
    return min(meant, key=lambda own: abs(np.median(box[own, 0] + box[own, 2]) / 2 - wanted))


def _describe(people, tracks):
    """_Tracks, from the highest score."""
    sizes, scores, box = (
        np.linalg.norm(_sides(people.keypoints), axis=-1),
        _scores(people),
        boxes(people.keypoints),
    )
    centres = (box[:, :2] + box[:, 2:]) / 2
    described = []
    for rows in tracks:
        first, last = (int(people.frame[rows[end]]) for end in (0, -1))
        size, score = float(np.median(sizes[rows])), float(scores[rows].sum())
        described.append(_Track(rows, first, last, size, centres[rows[0]], centres[rows[-1]], score))
    return sorted(described, key=lambda track: (-track.score, track.first))


def _group(tracks, fps):
    """The _Tracks of one shot, best first, as a list of persons: lists of _Tracks.

    Each of the best tracks gathers, in the order of their scores, those of the others that can be the same
    person at another time; the group with the highest sum is a person, and what is left is grouped again.
    """
    groups, left = [], list(tracks)
    while left:
        tried = []
        for leader in left[:LEADERS]:
            group = [leader]
            for track in left:
                if track is not leader and all(_same_person(track, other, fps) for other in group):
                    group.append(track)
            tried.append(group)
        best = max(tried, key=lambda group: sum(track.score for track in group))
        groups.append(best)
        members = {id(track) for track in best}
        left = [track for track in left if id(track) not in members]
    return groups


def _carry_over_cuts(shots):
    """One list of persons from those of every shot: who is nearest in size is the same person again."""
    known = []
    for groups in shots:
        sizes, new = ([np.log(group[-1].size) for group in side] for side in (known, groups))
        pairs = linear_sum_assignment(np.abs(np.subtract.outer(sizes, new)))
        taken = dict(zip(pairs[1].tolist(), pairs[0].tolist(), strict=True))
        for index, group in enumerate(groups):
            if index in taken:
                known[taken[index]] = known[taken[index]] + group
            else:
                known.append(group)
    return known


def _costs(people, diagonals, track, rows):
    """(len(rows),) cost of continuing `track` with each detection; infinite where it cannot be."""
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
    return np.where(shared.any(axis=1) & (cost <= REACH + REACH_GROWTH * (steps - 1)), cost, np.inf)


def _same_person(track, other, fps):
    """Whether two tracks can be one person: at different times, of one size, and near if soon after."""
    first, second = (track, other) if track.first <= other.first else (other, track)
    absence = second.first - first.last
    larger, smaller = max(first.size, second.size), min(first.size, second.size)
    if absence <= 0 or larger > SIZE_RATIO * smaller:
        return False
    return absence > NEAR_SECONDS * fps or _distance(first.end, second.begin) <= NEAR * larger


def _scores(people):
    """(N,) box area x mean body confidence."""
    return _sides(people.keypoints).prod(axis=-1) * people.keypoints[:, BODY, 2].mean(axis=1)


def _shot(frame, cuts):
    """Number of the shot that a frame is in, from 0."""
    return int(np.searchsorted(cuts, frame, side="right"))


def _distance(a, b):
    return np.linalg.norm(a - b, axis=-1)


def _sides(keypoints):
    """(..., 2) width and height of the box around body and feet, 0 where nothing is seen."""
    box = boxes(keypoints)
    return np.nan_to_num(box[..., 2:] - box[..., :2])
