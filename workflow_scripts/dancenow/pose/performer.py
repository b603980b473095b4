"""Follow one person among everyone found throughout the clip, and repair and smooth the keypoints.

No frame is ever added or dropped: the result has the clip's frame count, so the sound stays in sync.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.camera.path import CameraPath, load_path
from dancenow.errors import InputError
from dancenow.files import read_json
from dancenow.keypoints import (
    COUNT,
    IMPUTED,
    MIN_CONFIDENCE,
    REPAIRED,
    SKELETON_PARTS,
    People,
    Pose,
    boxes,
    load_people,
    save_pose,
    sides_of,
)
from dancenow.pose.mending import WRISTS, fill_gaps, hold_parts, mark, remove_jumps, seat_hands, unswap
from dancenow.pose.tracks import choose_performer, find_persons
from dancenow.stretches import stretches_of
from dancenow.video.cuts import segments

log = logging.getLogger(__name__)

# the paper's advice: Gaussian for high frame rates (theirs is 120 per second), median for lower ones
HIGH_RATE = 60
# seconds out of sight beyond which nobody would believe a straight line between two poses
LONGEST_BRIDGE = 1.5
# share of an absence's frames that show somebody else where the performer must be: they are hidden, not gone
HIDDEN_SHARE = 0.8
# for so many seconds beside it, skeletons of whose box others cover this share are not believed
MIXED_SECONDS, MIXED_SHARE = 0.25, 0.25
# for so many seconds beside an absence, half a body is not believed: nothing holds its head and its arm
LEAVING_SECONDS = 0.5


def track_performer(
    people: People,
    max_gap: float,
    smoothing: str,
    window: float,
    performer: str | int = "largest",
    cuts: Sequence[int] = (),
    camera: CameraPath | None = None,
) -> Pose:
    """One person of a clip as a clean Pose of people.count frames.

    people: People; max_gap: seconds for which a missing keypoint is interpolated at most; smoothing: "auto",
    "median", "gaussian" or "none"; window: seconds that the smoothing looks at, the nearest odd number of
    frames; performer: as in tracks.choose_performer; cuts: frames at which a new shot begins, ascending;
    nothing is followed, interpolated, smoothed or held across them; camera: the clip's path, in whose scene
    the track is repaired and smoothed, shot by shot, so that the unrest of a hand is not smoothed away from
    the person. A frame without the performer has only missing keypoints.
    InputError: nobody with a body in `people`, or no person with that number.
    """
    rows = choose_performer(people, find_persons(people, cuts), performer, cuts)
    log.info(
        "performer in %d of %d frames, %d detections of others",
        len(rows),
        people.count,
        len(people.frame) - len(rows),
    )
    gap, span = round(max_gap * people.fps), 2 * round((window * people.fps - 1) / 2) + 1
    hidden = _hidden(people, rows, cuts)
    rows = rows[~(hidden | _halves(people, rows, hidden, gap, cuts))[people.frame[rows]]]
    _tell_absence(np.union1d(people.frame[rows], np.flatnonzero(hidden)), gap, people.fps, cuts)
    if smoothing == "auto":
        smoothing = "gaussian" if people.fps >= HIGH_RATE else "median"
    keypoints = np.zeros((people.count, COUNT, 3), np.float32)
    keypoints[people.frame[rows]] = people.keypoints[rows]
    keypoints[keypoints[..., 2] < MIN_CONFIDENCE] = 0
    if camera is not None:
        camera.require_frames(people.count)
        keypoints = camera.to_scene(keypoints)
    origin, counts = np.zeros((people.count, COUNT), np.uint8), Counter()
    breaks = {*cuts, *camera.breaks} if camera is not None else cuts
    for first, stop in segments(people.count, sorted(breaks)):
        shot = slice(first, stop)
        given = keypoints[shot], hidden[shot]
        keypoints[shot], origin[shot], done = mend(*given, people.fps, gap, smoothing, span)
        counts.update(done)
    if camera is not None:
        keypoints = camera.to_frame(keypoints)
    for what, count in counts.items():
        log.info("%s: %d", what, count)
    log.info("smoothing: %s over %d frames, %d shots", smoothing, span, len(cuts) + 1)
    _tell_parts(origin)
    return Pose(
        keypoints, people.fps, people.width, people.height, people.estimator, people.checkpoint, origin
    )


def _tell_parts(origin: np.ndarray) -> None:
    """Log in how many frames each part of the skeleton is there, and how much of it was mended."""
    for name, part in SKELETON_PARTS.items():
        own = origin[:, part]
        log.info(
            "frames with %s: %d; keypoints repaired: %d, imputed: %d",
            name,
            own.any(axis=1).sum(),
            (own == REPAIRED).sum(),
            (own == IMPUTED).sum(),
        )


def _hidden(people: People, rows: np.ndarray, cuts: Sequence[int]) -> np.ndarray:
    """(T,) bool: the frames in which the performer, the `rows` of People, is hidden behind somebody else.

    For at most LONGEST_BRIDGE, on the straight way from where they were last seen to where they appear again.
    Skeletons just before and after it are left out where the two overlap: they are mixed of both.
    """
    hidden, box = np.zeros(people.count, bool), boxes(people.keypoints)
    others = np.setdiff1d(np.arange(len(people.frame)), rows)
    frames, middles = people.frame[rows], (box[rows, :2] + box[rows, 2:]) / 2
    shots, longest = np.searchsorted(cuts, frames, side="right"), LONGEST_BRIDGE * people.fps

    def covered(frame: int, place: np.ndarray) -> bool:
        """Whether the box of somebody else contains a place, (2,) px."""
        near = others[people.frame[others] == frame]
        return bool(((box[near, :2] <= place) & (place <= box[near, 2:])).all(axis=1).any())

    def mixed(row: int) -> bool:
        """Whether somebody's box covers MIXED_SHARE of that of a row, or nobody else is told from it."""
        own, near = box[rows[row]], box[others[people.frame[others] == frames[row]]]
        shared = (np.minimum(own[2:], near[:, 2:]) - np.maximum(own[:2], near[:, :2])).clip(0).prod(axis=1)
        return not len(near) or bool((shared > MIXED_SHARE * (own[2:] - own[:2]).prod()).any())

    def beside(row: int, step: int, until: int) -> int:
        """The first row, from one on, that is not mixed, or the last that MIXED_SECONDS reach."""
        start = row
        while row != until and shots[row + step] == shots[row] and mixed(row):
            if abs(frames[row + step] - frames[start]) > MIXED_SECONDS * people.fps:
                break
            row += step
        return row

    for row in np.flatnonzero((np.diff(frames) > 1) & (np.diff(shots) == 0)).tolist():
        last, next_ = beside(row, -1, 0), beside(row + 1, 1, len(rows) - 1)
        absent = np.arange(frames[last] + 1, frames[next_])
        if len(absent) > longest:
            continue
        share = ((absent - frames[last]) / (len(absent) + 1))[:, None]
        places = (1 - share) * middles[last] + share * middles[next_]
        gone = (absent > frames[row]) & (absent < frames[row + 1])
        behind = [covered(*given) for given in zip(absent[gone], places[gone], strict=True)]
        if np.mean(behind) >= HIDDEN_SHARE:
            hidden[absent] = True
    for first, stop in stretches_of(hidden):
        log.info(
            "frames %d to %d: the performer is hidden behind somebody, and the movement made up",
            first,
            stop - 1,
        )
    return hidden


def _halves(
    people: People, rows: np.ndarray, hidden: np.ndarray, max_gap: int, cuts: Sequence[int]
) -> np.ndarray:
    """(T,) bool: the frames that show half of the performer, who walks out of the picture or into it.

    rows: the performer's in `people`; hidden: (T,) bool, frames in which they are known to be there; max_gap:
    frames that are bridged. Beside a longer absence, up to the first frame with both shoulders.
    """
    halves, there, whole = np.zeros(people.count, bool), hidden.copy(), hidden.copy()
    shoulders = people.keypoints[rows][:, sides_of("shoulder"), 2]
    there[people.frame[rows]], whole[people.frame[rows]] = True, (shoulders >= MIN_CONFIDENCE).all(axis=1)
    longest = round(LEAVING_SECONDS * people.fps)
    for first, stop in segments(people.count, cuts):
        seen = np.flatnonzero(there[first:stop]) + first
        absent = np.diff([first - 1, *seen, stop]) - 1
        for index in np.flatnonzero(absent > max_gap):
            for side in (seen[:index][::-1][:longest], seen[index:][:longest]):
                if whole[side].any():
                    halves[side[: whole[side].argmax()]] = True
    return halves


def _tell_absence(seen: np.ndarray, max_gap: int, fps: Fraction | float, cuts: Sequence[int]) -> None:
    """Log the longest absence between the frames that are `seen`, (n,) ascending, and what bridges it.

    max_gap: frames that are bridged.
    """
    shots = np.searchsorted(cuts, seen, side="right")
    absent = np.where(np.diff(shots) == 0, np.diff(seen) - 1, 0)
    longest = int(absent.max(initial=0))
    if longest <= max_gap:
        return
    first = int(seen[absent.argmax()]) + 1
    seconds = ceil(100 * longest / fps) / 100
    bridge = f"pose.max_gap: {seconds} would bridge it with a movement that is made up"
    remedy = bridge if longest <= LONGEST_BRIDGE * fps else "cut the clip there"
    log.warning(
        "the performer is out of sight from frame %d to %d, where the result shows nobody; %s",
        first, first + longest - 1, remedy,
    )  # fmt: skip


def mend(
    keypoints: np.ndarray,
    hidden: np.ndarray,
    fps: Fraction | float,
    max_gap: int,
    smoothing: str,
    window: int,
) -> tuple[np.ndarray, np.ndarray, Counter[str]]:
    """Repair and smooth the (T, 133, 3) keypoints of one shot.

    hidden: (T,) bool, frames of a gap that do not count; max_gap, window: frames, the latter odd.

    Returns new keypoints, their origin (T, 133) uint8, and a Counter of the changes.
    """
    keypoints, origin, swaps = unswap(keypoints, mark(keypoints), fps)
    keypoints, origin, jumps = remove_jumps(keypoints, origin, fps)
    wrists = fill_gaps(keypoints, origin, max_gap, hidden)[0][:, WRISTS]
    keypoints, origin, stray = seat_hands(keypoints, origin, wrists, fps)
    keypoints, origin, filled = fill_gaps(keypoints, origin, max_gap, hidden)
    keypoints = smooth(keypoints, smoothing, window)
    # a hand seen alone is not smoothed, and its wrist may have left it
    keypoints, origin, late = seat_hands(keypoints, origin, keypoints[:, WRISTS], fps)
    keypoints, origin, held = hold_parts(keypoints, origin, fps)
    counts = {f"frames with left and right of the {group} swapped": count for group, count in swaps.items()}
    counts |= {
        "hands away from their wrists": stray + late,
        "keypoints in jumps": jumps,
        "keypoints interpolated": filled,
    }
    counts |= {f"frames with the {part.replace('_', ' ')} held": count for part, count in held.items()}
    return keypoints, origin, Counter(counts)


def track_file(
    people_path: str | Path,
    camera_path: str | Path,
    frames_facts_path: str | Path,
    pose_path: str | Path,
    performer: str | int,
    **settings: Any,
) -> None:
    """track_performer from file to file, with the cuts in the facts file of the clip's frames.

    Its InputErrors then name the People file.
    """
    cuts, camera = read_json(frames_facts_path)["cuts"], load_path(camera_path)
    people = load_people(people_path)
    try:
        pose = track_performer(people, performer=performer, cuts=cuts, camera=camera, **settings)
    except InputError as error:
        raise InputError(f"{people_path}: {error}") from error
    save_pose(pose_path, pose)


def smooth(keypoints: np.ndarray, kind: str, window: int) -> np.ndarray:
    """Smooth positions over time by "median", "gaussian" (sigma = window / 4 frames) or "none".

    Keypoints are used in pairs, at equal distances before and after a frame, so that gaps and ends do not
    delay the motion. Confidence is kept; no keypoint is added or lost. (T, 133, 3) -> a copy.
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
