"""One person out of everyone found: the same one all along the clip, with the track mended and smoothed.

No frame is ever added or dropped: the result has the clip's frame count, so the sound stays in sync.
"""

import logging

import numpy as np
from scipy.ndimage import median_filter
from scipy.optimize import linear_sum_assignment

from dancenow.errors import InputError
from dancenow.keypoints import (
    BODY,
    COUNT,
    IMPORTED,
    MIN_CONFIDENCE,
    PARTS,
    Pose,
    boxes,
    load_people,
    save_pose,
)

log = logging.getLogger(__name__)

# following a person: distances are means over the body keypoints that both frames show, in box diagonals
REACH = 0.25  # farthest step from one frame to the next
REACH_GROWTH = 0.05  # more reach per frame out of sight
PATIENCE = 0.4  # seconds a track may be out of sight before it ends

# whether a later track can be the same person again
NEAR_SECONDS = 2.0  # after less than this the person must be near where the last track ended
NEAR = 1.0  # box diagonals
SIZE_RATIO = 1.6  # and always of about the same size
LEADERS = 8  # so many of the best tracks are tried as the performer's main one

# a jump goes out and back in one frame, farther than JUMP diagonals and JUMP_RATIO times what the frames
# before and after are apart
JUMP = 0.08
JUMP_RATIO = 3.0

INTERPOLATED = 0.5  # confidence of an interpolated keypoint, as a share of its less sure neighbour's

# the paper's advice: Gaussian for high frame rates (theirs is 120 per second), median for lower ones
HIGH_RATE = 60


def require_same_estimator(a, b, path_a, path_b):
    """InputError unless two Poses come from one estimator with one set of weights."""
    if (a.estimator, a.checkpoint) != (b.estimator, b.checkpoint):
        remedy = "delete results/poses/*.people.npz of one of them and run again"
        if IMPORTED in (a.checkpoint, b.checkpoint):
            remedy = "name keypoints of one format under `poses` for both subjects, or for neither"
        raise InputError(
            f"{path_a} was made by {a.estimator} ({a.checkpoint[:19]}), {path_b} by {b.estimator} "
            f"({b.checkpoint[:19]}); their keypoints sit differently on the body: "
            f"{remedy}"
        )


def track_performer(people, max_gap, smoothing, window):
    """The largest person of a clip as a clean Pose of people.count frames.

    people: People; max_gap: a keypoint missing for at most so many frames is interpolated; smoothing:
    "auto", "median", "gaussian" or "none"; window: frames the smoothing looks at, odd. A frame without the
    performer has only missing keypoints. InputError: an even window, or nobody with a body in `people`.
    """
    if window % 2 == 0:
        raise InputError(f"pose.window is {window} frames; it must be odd, so that a frame is in its middle")
    tracks = find_tracks(people)
    if not tracks:
        raise InputError(
            "nobody with a body in any frame; use a clip that shows one person from head to foot"
        )
    rows = np.concatenate(performers_tracks(people, tracks))
    log.info(
        "performer in %d of %d frames, %d detections of others",
        len(rows),
        people.count,
        len(people.frame) - len(rows),
    )

    keypoints = np.zeros((people.count, COUNT, 3), np.float32)
    keypoints[people.frame[rows]] = people.keypoints[rows]
    keypoints[keypoints[..., 2] < MIN_CONFIDENCE] = 0
    keypoints = fill_gaps(remove_jumps(keypoints), max_gap)
    if smoothing == "auto":
        smoothing = "gaussian" if people.fps >= HIGH_RATE else "median"
    keypoints = smooth(keypoints, smoothing, window)
    seen = keypoints[..., 2] > 0
    parts = ", ".join(f"{name} {seen[:, part].any(axis=1).sum()}" for name, part in PARTS.items())
    log.info("smoothing: %s over %d frames; frames with: %s", smoothing, window, parts)
    return Pose(keypoints, people.fps, people.width, people.height, people.estimator, people.checkpoint)


def track_file(people_path, pose_path, max_gap, smoothing, window):
    """track_performer from file to file; its InputErrors then name the People file."""
    try:
        pose = track_performer(load_people(people_path), max_gap, smoothing, window)
    except InputError as error:
        raise InputError(f"{people_path}: {error}") from error
    save_pose(pose_path, pose)


def find_tracks(people):
    """Join detections into tracks, frame by frame, by the cheapest assignment (Hungarian method).

    The cost is how far a detection's body is from where the track's last movement would take it, so two
    people who cross keep their own tracks. Returns a list of (n,) index arrays into `people`, ascending;
    detections without a body are in none.
    """
    diagonals = np.linalg.norm(_sides(people.keypoints), axis=-1)
    has_body = (people.keypoints[:, BODY, 2] >= MIN_CONFIDENCE).any(axis=1) & (diagonals > 0)
    patience = max(1, round(PATIENCE * people.fps))
    tracks, live = [], []
    for rows in np.split(np.arange(len(people.frame)), np.flatnonzero(np.diff(people.frame)) + 1):
        rows = rows[has_body[rows]]
        if not len(rows):
            continue
        live = [track for track in live if people.frame[rows[0]] - people.frame[track[-1]] <= patience]
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


def performers_tracks(people, tracks):
    """The performer's tracks, in no order.

    A track scores box area x mean body confidence, summed over its frames: size, sureness and length all
    count. Each of the best tracks gathers, in the order of their scores, those of the others that can be the
    same person at another time (see _same_person); the group with the highest sum is the performer.
    """
    score = _sides(people.keypoints).prod(axis=-1) * people.keypoints[:, BODY, 2].mean(axis=1)
    ranked = sorted(tracks, key=lambda track: -score[track].sum())
    groups = []
    for index, leader in enumerate(ranked[:LEADERS]):
        group = [leader]
        for track in ranked[:index] + ranked[index + 1 :]:
            if all(_same_person(people, track, other) for other in group):
                group.append(track)
        groups.append(group)
    return max(groups, key=lambda group: sum(score[track].sum() for track in group))


def remove_jumps(keypoints):
    """Blank keypoints that leap away for one frame and come back: (T, 133, 3) -> a cleaned copy."""
    cleaned = keypoints.copy()
    diagonal = np.linalg.norm(_sides(keypoints), axis=-1)
    if len(keypoints) < 3 or not diagonal.any():
        return cleaned
    # a leap changes the box as well, so the size is a running median
    size = np.interp(np.arange(len(diagonal)), np.flatnonzero(diagonal), diagonal[diagonal > 0])
    size = median_filter(size, 25, mode="nearest")[1:-1, None]
    before, here, after = keypoints[:-2, :, :2], keypoints[1:-1, :, :2], keypoints[2:, :, :2]
    leap = np.minimum(_distance(before, here), _distance(here, after))
    jump = (leap > JUMP * size) & (leap > JUMP_RATIO * _distance(before, after))
    seen = keypoints[..., 2] > 0
    jump &= seen[:-2] & seen[1:-1] & seen[2:]
    cleaned[1:-1][jump] = 0
    log.info("%d single-frame jumps removed", jump.sum())
    return cleaned


def fill_gaps(keypoints, max_gap):
    """Interpolate each keypoint linearly over at most `max_gap` missing frames between two seen ones.

    A filled keypoint is a guess: it has half the confidence of its less sure neighbour, but never so little
    that it counts as missing. Longer gaps, and those at the clip's ends, stay. Returns a filled copy.
    """
    count = len(keypoints)
    seen = keypoints[..., 2] > 0
    time = np.arange(count)[:, None]
    before = np.maximum.accumulate(np.where(seen, time, -1), axis=0)
    after = np.minimum.accumulate(np.where(seen, time, count)[::-1], axis=0)[::-1]
    frame, point = np.nonzero(~seen & (before >= 0) & (after < count) & (after - before - 1 <= max_gap))
    left, right = before[frame, point], after[frame, point]
    a, b = keypoints[left, point], keypoints[right, point]
    share = ((frame - left) / np.maximum(right - left, 1))[:, None]
    filled = keypoints.copy()
    filled[frame, point, :2] = (1 - share) * a[:, :2] + share * b[:, :2]
    filled[frame, point, 2] = np.maximum(INTERPOLATED * np.minimum(a[:, 2], b[:, 2]), MIN_CONFIDENCE)
    log.info("%d missing keypoints interpolated, %d left", len(frame), (~seen).sum() - len(frame))
    return filled


def smooth(keypoints, kind, window):
    """Smooth positions over time by "median", "gaussian" (sigma = window / 4 frames) or "none".

    Keypoints take part in pairs, seen both so long before and so long after, so that at gaps and ends no
    motion is held back. Confidence is kept; no keypoint is invented or lost. (T, 133, 3) -> a copy.
    """
    result = keypoints.copy()
    if kind == "none":
        return result
    half = window // 2
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / (window / 4)) ** 2).astype(np.float32)
    padded = np.pad(keypoints, ((half, half), (0, 0), (0, 0)))
    for point in range(keypoints.shape[1]):
        around = np.lib.stride_tricks.sliding_window_view(padded[:, point], window, axis=0)  # (T, 3, window)
        around = around[keypoints[:, point, 2] > 0]
        seen = around[:, 2] > 0
        paired = (seen & seen[:, ::-1])[:, None]
        if kind == "median":
            # pairs and the frame itself are an odd number, so the median is one of the values
            ordered = np.sort(np.where(paired, around[:, :2], np.inf), axis=-1)
            middle = paired.sum(axis=-1, keepdims=True) // 2
            places = np.take_along_axis(ordered, middle, axis=-1)[..., 0]
        else:
            weight = paired * weights
            places = (around[:, :2] * weight).sum(axis=-1) / weight.sum(axis=-1)
        result[keypoints[:, point, 2] > 0, point, :2] = places
    return result


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


def _same_person(people, track, other):
    """Whether two tracks can be one person: at different times, of one size, and near if soon after."""
    first, second = sorted((track, other), key=lambda rows: people.frame[rows[0]])
    absence = people.frame[second[0]] - people.frame[first[-1]]
    sizes = [np.median(np.linalg.norm(_sides(people.keypoints[rows]), axis=-1)) for rows in (first, second)]
    if absence <= 0 or max(sizes) > SIZE_RATIO * min(sizes):
        return False
    ends = boxes(people.keypoints[[first[-1], second[0]]])
    centres = (ends[:, :2] + ends[:, 2:]) / 2
    return bool(absence > NEAR_SECONDS * people.fps or _distance(*centres) <= NEAR * max(sizes))


def _distance(a, b):
    return np.linalg.norm(a - b, axis=-1)


def _sides(keypoints):
    """(..., 2) width and height of the box around body and feet, 0 where nothing is seen."""
    box = boxes(keypoints)
    return np.nan_to_num(box[..., 2:] - box[..., :2])
