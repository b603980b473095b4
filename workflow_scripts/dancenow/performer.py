"""From everyone found in a clip to one performer: followed over time, gaps closed, jitter smoothed.

No frame is ever added or dropped: the result has the clip's frame count, so the sound stays in sync.
"""

import logging

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import linear_sum_assignment

from dancenow.errors import InputError
from dancenow.keypoints import COUNT, MIN_CONFIDENCE, PARTS, Pose, boxes, load_people, save_pose

log = logging.getLogger(__name__)

# two boxes of one person in neighbouring frames overlap at least this much
LEAST_OVERLAP = 0.15
# seconds a track may be out of sight and still be taken up again where it was lost
PATIENCE = 1.0
# a keypoint that leaves and comes back within one frame by more than this share of the body height
JUMP = 0.15
# the paper's advice: Gaussian for high frame rates (theirs is 120 per second), median for lower ones
HIGH_RATE = 60


def require_same_estimator(a, b, path_a, path_b):
    """InputError unless two Poses come from one estimator with one set of weights."""
    if (a.estimator, a.checkpoint) != (b.estimator, b.checkpoint):
        raise InputError(
            f"{path_a} was made by {a.estimator} ({a.checkpoint[:19]}), {path_b} by {b.estimator} "
            f"({b.checkpoint[:19]}); their keypoints sit differently on the body: "
            "delete results/poses/*.people.npz of one of them and run again"
        )


def track_performer(people, max_gap, smoothing, window):
    """The largest person of a clip as a clean Pose.

    people: People; max_gap: frames, shorter gaps of a keypoint are interpolated; smoothing: "auto",
    "median", "gaussian" or "none"; window: frames the smoothing looks at.
    """
    rows = _largest_track(people)
    keypoints = np.zeros((people.count, COUNT, 3), np.float32)
    keypoints[people.frame[rows]] = people.keypoints[rows]
    removed = _remove_jumps(keypoints)
    filled = _fill_gaps(keypoints, max_gap)
    if smoothing == "auto":
        smoothing = "gaussian" if people.fps >= HIGH_RATE else "median"
    keypoints = _smooth(keypoints, smoothing, window)
    skipped = len(people.frame) - len(rows)
    found = ", ".join(f"{name} {_share(keypoints[:, part]):.1f} %" for name, part in PARTS.items())
    log.info("performer in %d of %d frames (%s)", len(rows), people.count, found)
    log.info(
        "%d detections of others skipped, %d jumps removed, %d keypoints interpolated, smoothing %s",
        skipped, removed, filled, smoothing,
    )  # fmt: skip
    return Pose(keypoints, people.fps, people.width, people.height, people.estimator, people.checkpoint)


def track_file(people_path, pose_path, max_gap, smoothing, window):
    """track_performer from file to file."""
    save_pose(pose_path, track_performer(load_people(people_path), max_gap, smoothing, window))


def overlap(a, b):
    """Intersection over union of every box in a (N, 4) with every box in b (M, 4): (N, M) float."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=-1)
    areas = [np.prod(np.clip(box[:, 2:] - box[:, :2], 0, None), axis=-1) for box in (a, b)]
    return shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-6)


def _largest_track(people):
    """Rows of the one person who fills most of the picture over the clip, ascending in time."""
    box = np.nan_to_num(boxes(people.keypoints))
    area = np.prod(box[:, 2:] - box[:, :2], axis=1)
    patience = max(1, round(PATIENCE * people.fps))
    tracks = []
    for frame in np.unique(people.frame):
        rows = np.flatnonzero(people.frame == frame)
        live = [track for track in tracks if frame - people.frame[track[-1]] <= patience]
        taken = _associate(box, people, live, rows)
        for row in rows:
            if row in taken:
                live[taken[row]].append(row)
            else:
                tracks.append([row])
    # confidence counts too: a large ghost with a quarter of a body is no performer
    confidence = people.keypoints[..., 2].mean(axis=1)
    return np.array(max(tracks, key=lambda track: float((area[track] * confidence[track]).sum())))


def _associate(box, people, tracks, rows):
    """Row -> index of the track it continues: the assignment with the greatest overlap and likeness."""
    if not tracks:
        return {}
    last = np.array([track[-1] for track in tracks])
    # where boxes cross, only the joints tell who is who
    ahead = np.array([_predict(people, track) for track in tracks])
    shared = overlap(box[last], box[rows])
    size = np.maximum(np.sqrt(np.prod(box[last, 2:] - box[last, :2], axis=1)), 1)
    away = np.array([[_distance(one, people.keypoints[row]) for row in rows] for one in ahead]) / size[:, None]
    score = shared - away
    pairs = zip(*linear_sum_assignment(-score), strict=True)
    return {rows[b]: a for a, b in pairs if shared[a, b] >= LEAST_OVERLAP}


def _predict(people, track):
    """Where the track's joints would be next if they kept their speed."""
    last = people.keypoints[track[-1]].copy()
    if len(track) > 1 and people.frame[track[-1]] - people.frame[track[-2]] == 1:
        before = people.keypoints[track[-2]]
        both = (last[:, 2] >= MIN_CONFIDENCE) & (before[:, 2] >= MIN_CONFIDENCE)
        last[both, :2] += (last[both] - before[both])[:, :2]
    return last


def _distance(a, b):
    both = (a[:, 2] >= MIN_CONFIDENCE) & (b[:, 2] >= MIN_CONFIDENCE)
    return float(np.linalg.norm(a[both, :2] - b[both, :2], axis=1).mean()) if both.any() else np.inf


def _remove_jumps(keypoints):
    """Drop single frames in which a keypoint is elsewhere and back again; returns how many."""
    if len(keypoints) < 3:
        return 0
    box = boxes(keypoints)
    tall = np.nanmedian(box[:, 3] - box[:, 1])
    seen = keypoints[..., 2] >= MIN_CONFIDENCE
    steps = np.linalg.norm(np.diff(keypoints[..., :2], axis=0), axis=-1)
    across = np.linalg.norm(keypoints[2:, :, :2] - keypoints[:-2, :, :2], axis=-1)
    far = (steps[:-1] > JUMP * tall) & (steps[1:] > JUMP * tall) & (across < JUMP * tall / 2)
    jumped = far & seen[:-2] & seen[1:-1] & seen[2:]
    keypoints[1:-1][jumped] = 0
    return int(jumped.sum())


def _fill_gaps(keypoints, max_gap):
    """Interpolate gaps of up to max_gap frames, in place; returns how many points were filled.

    A filled point has half the smaller confidence of its two neighbours: it is a guess.
    """
    filled = 0
    for part in range(COUNT):
        track = keypoints[:, part]
        known = np.flatnonzero(track[:, 2] >= MIN_CONFIDENCE)
        for start, stop in zip(known[:-1], known[1:], strict=True):
            if 1 < stop - start <= max_gap + 1:
                share = np.linspace(0, 1, stop - start + 1)[1:-1, None]
                track[start + 1 : stop, :2] = (1 - share) * track[start, :2] + share * track[stop, :2]
                track[start + 1 : stop, 2] = max(min(track[start, 2], track[stop, 2]) / 2, MIN_CONFIDENCE)
                filled += stop - start - 1
    return filled


def _smooth(keypoints, kind, window):
    """Smooth positions over time among the frames where a keypoint is present; confidence is kept."""
    result = keypoints.copy()
    seen = keypoints[..., 2] >= MIN_CONFIDENCE
    if kind == "median":
        half = window // 2
        places = np.where(seen[..., None], keypoints[..., :2], np.nan)
        padded = np.pad(places, ((half, half), (0, 0), (0, 0)), constant_values=np.nan)
        around = np.stack([padded[shift : shift + len(keypoints)] for shift in range(2 * half + 1)])
        result[seen, :2] = np.nanmedian(around[:, seen], axis=0)
    elif kind == "gaussian":
        sigma = window / 4
        weight = gaussian_filter1d(seen.astype(np.float32), sigma, axis=0, mode="constant")
        places = gaussian_filter1d(keypoints[..., :2] * seen[..., None], sigma, axis=0, mode="constant")
        result[seen, :2] = places[seen] / weight[seen][:, None]
    return result


def _share(keypoints):
    return 100 * float((keypoints[..., 2] >= MIN_CONFIDENCE).mean())
