"""Bodies cut off by the picture: close-ups and half bodies get the size, place and legs of whole frames.

A shot without feet says nothing about the ground. Its size comes from the visible bones of trunk,
arms and head, compared with the same bones where the whole body is seen; its place from the shoulders in
the whole frames before and after it. Missing limbs are then attached bone by bone, as they
are held before and after it, and stretched or bent to reach the ground. These keypoints are
marked IMPUTED and never count as measured. A clip that never shows feet gets standing legs
(pose.upper_bodies).
"""

import logging
from collections.abc import Sequence

import numpy as np

from dancenow.keypoints import (
    BODY,
    FACE,
    HEAD,
    IMPUTED,
    INDEX,
    MIN_CONFIDENCE,
    SIDES,
    Pose,
    sides_of,
)
from dancenow.pose.grounding import Figure, find_ground, measure_figure, upper_alone
from dancenow.pose.hanging_arms import hang_arms
from dancenow.pose.mending import HELD_CONFIDENCE
from dancenow.pose.retarget import LONGEST, bone_lengths
from dancenow.pose.upper_bodies import ATTACHED, attach_legs, seen_inside
from dancenow.stretches import interpolated
from dancenow.video.cuts import segments

log = logging.getLogger(__name__)

FEW_WHOLE = 0.1  # of a scene's frames: with fewer whole ones its size and place are taken from its bones
LEAST_SECONDS = 1.0  # of a scene: a shorter one tells no more
GROUND_SECONDS = 1.0  # of whole frames next to a short shot, that tell where the ground is
ANKLE_QUANTILE = 0.9  # quantile of the ankles' y: somebody is in the air for less than a tenth of the time
LEAST_BONE_FRAMES = 5  # frames in which a bone is seen, to be compared; and around a shot, to place it
COMPARED = 300  # whole frames, the nearest in time, that tell how long the bones are
LARGEST_CLOSE_UP = 4.0  # from the whole frames to a close-up
SHOULDERS = sides_of("shoulder")
HIPS = sides_of("hip")
ANKLES = sides_of("ankle")
KNEES = sides_of("knee")
LEGS = KNEES + ANKLES
BELOW = LEGS + [INDEX[f"{side}_{joint}"] for side in SIDES for joint in ("big_toe", "small_toe", "heel")]
# (joint, the joint it is attached to), in the order of attachment
HUNG = [
    *((INDEX[f"{side}_{joint}"], INDEX[f"{side}_{above}"])
      for joint, above in (("hip", "shoulder"), ("knee", "hip"), ("ankle", "knee"), ("big_toe", "ankle"),
                           ("small_toe", "ankle"), ("heel", "ankle"))
      for side in SIDES),
]  # fmt: skip
# (point, what it hangs on) of a foot below its ankle, and of a head on the shoulders
ENDS = [(joint, [ankle]) for joint, ankle in HUNG if ankle in ANKLES]
ENDS += [(point, SHOULDERS) for point in (*HEAD, *range(FACE.start, FACE.stop))]


def complete_bodies(
    pose: Pose, cuts: Sequence[int] = (), max_gap: float = 0, views: list[tuple[int, bool]] | None = None
) -> Pose:
    """The Pose with whole bodies, in the view of the clip's whole frames; a complete Pose is returned
    unchanged.

    pose: Pose; cuts: as in dancenow.video.cuts; max_gap: seconds for which the last pose is held when nobody
    is seen any longer; afterwards nobody is there; views: of each shot the number of the view that it has or
    is to have, and whether it must be scaled and shifted into it as a whole; by default all have one, and a
    shot must of which less than FEW_WHOLE shows the whole body. In frames that show both shoulders and no
    ankle, missing joints of legs and trunk are hung on those that are seen, their directions and lengths
    interpolated in time between frames that show them, for legs between whole ones; the feet are then
    brought to the ground. Arms and hands are those of hang_arms. Feet that are missing below an ankle are
    hung on it, and what is missing of a head that is cut off on the shoulders. What is hung on or held is
    IMPUTED. No frame is added or dropped. A clip that shows only the upper body gets the legs of
    pose.upper_bodies. If nothing tells the size, the Pose is returned unchanged: measure_normalization
    refuses it.
    """
    figure = measure_figure(pose)
    telling = _telling(figure)
    if not telling.any():
        return pose
    keypoints, feet = pose.keypoints.copy(), figure.feet.copy()
    shots = segments(len(keypoints), cuts)
    if views is None:
        views = [(0, telling[first:stop].mean() < FEW_WHOLE) for first, stop in shots]
    view, moved = (
        np.repeat(values, [stop - first for first, stop in shots]) for values in zip(*views, strict=True)
    )
    for (first, stop), (number, borrows) in zip(shots, views, strict=True):
        if borrows:
            tells = telling & (view == number) & ~moved
            _into_view(keypoints, slice(first, stop), figure, tells, float(pose.fps))
            feet[first:stop] = False
    for number in np.unique(view):
        part = view == number
        hung = _hang(keypoints, figure.whole, part, float(pose.fps))
        told = telling & part & ~moved
        if upper_alone(figure) and told.any():
            attach_legs(keypoints, seen_inside(pose), told, part, float(pose.fps))
        elif figure.on_feet and (feet & part).any():
            standing, y = find_ground(figure, feet & part, pose.fps)
            _ground(keypoints, hung, interpolated(y, standing))
        _hang_ends(keypoints, figure.whole, part)
    _hold(keypoints, round(max_gap * pose.fps))
    return pose if np.array_equal(keypoints, pose.keypoints) else pose.replace(keypoints=keypoints)


def telling_scenes(pose: Pose, scenes: np.ndarray) -> set[int]:
    """The scenes, a set, long enough and with enough whole bodies to tell somebody's size and place; where
    none is, the one that shows the whole body most often. pose: Pose; scenes: (T,) int."""
    counts, shown = (np.bincount(scenes, weights) for weights in (None, _telling(measure_figure(pose))))
    enough = (counts >= LEAST_SECONDS * float(pose.fps)) & (shown >= np.maximum(1, FEW_WHOLE * counts))
    return set(np.flatnonzero(enough).tolist()) or {int(shown.argmax())}


def nearest_known(known: list[bool], number: int) -> int:
    """Of shots, the nearest known one to shot `number`, or itself where none is known."""
    those = [other for other, each in enumerate(known) if each]
    return min(those, key=lambda other: abs(other - number), default=number)


def imputed_legs(pose: Pose) -> np.ndarray:
    """(T,) bool: in which frames of a Pose from complete_bodies a person is visible with imputed legs."""
    seen = pose.found()[:, BODY].any(axis=1)
    return seen & (pose.origin[:, LEGS] == IMPUTED).any(axis=1)


def _telling(figure: Figure) -> np.ndarray:
    """(T,) bool: the frames of a clip that tell the person's size."""
    return figure.upper if upper_alone(figure) else figure.whole


def _into_view(keypoints: np.ndarray, shot: slice, figure: Figure, whole: np.ndarray, fps: float) -> None:
    """Scale and shift, in place, the keypoints of a shot so that it fits some whole frames.

    figure: the Figure of all frames; whole: (T,) bool, frames that show the whole body in the wanted view.
    """
    away = np.maximum(shot.start - np.arange(len(whole)), np.arange(len(whole)) - shot.stop)
    nearest = np.argsort(np.where(whole, away, len(whole)), kind="stable")[: min(COMPARED, whole.sum())]
    zoom = _zoom(keypoints[shot], keypoints[nearest])
    own, known = _shoulders(keypoints[shot]), _shoulders(keypoints)
    known[~whole] = np.nan
    # the dance continues across a cut: the shoulders start where they were before, and end where they are
    # after
    shifts = []
    for mine, theirs in ((own, known[: shot.start][::-1]), (own[::-1], known[shot.stop :])):
        ends = [places[np.isfinite(places[:, 0])][:LEAST_BONE_FRAMES] for places in (mine, theirs)]
        if zoom is not None and all(map(len, ends)):
            mine, theirs = (np.median(end, axis=0) for end in ends)
            shifts.append(theirs - mine / zoom)
    if zoom is None or not shifts:
        return
    shift = np.mean(shifts, axis=0)
    standing = figure.whole[shot] & figure.upright[shot]
    if standing.mean() >= FEW_WHOLE:  # who shows the feet stands on the ground
        lowest = float(np.quantile(keypoints[shot][standing][:, ANKLES, 1].mean(axis=1), ANKLE_QUANTILE))
        ground = np.quantile(figure.y[nearest[: max(1, round(GROUND_SECONDS * fps))]], ANKLE_QUANTILE)
        shift[1] = ground - lowest / zoom
    places = keypoints[shot, :, :2]
    moved = places / zoom + shift
    keypoints[shot, :, :2] = np.where(keypoints[shot, :, 2:] > 0, moved, 0)
    log.info(
        "frames %d to %d do not tell the figure's size: it is taken for %.2f times as large as beside them",
        shot.start, shot.stop - 1, zoom,
    )  # fmt: skip


def _zoom(partial: np.ndarray, whole: np.ndarray) -> float | None:
    """The factor by which bones are longer in (T, 133, 3) partial frames than in whole ones; None if unknown.

    Each bone counts with the 90 % quantile of its lengths, because
    foreshortening only shortens; the result is the median over the bones.
    """
    ratios = []
    lengths = [bone_lengths(frames, frames[..., 2] >= MIN_CONFIDENCE) for frames in (partial, whole)]
    for rows in zip(*lengths, strict=True):
        seen = [row[np.isfinite(row)] for row in rows]
        if min(map(len, seen)) >= LEAST_BONE_FRAMES:
            a, b = (float(np.quantile(row, LONGEST)) for row in seen)
            if b > 0:
                ratios.append(a / b)
    return float(np.clip(np.median(ratios), 1 / LARGEST_CLOSE_UP, LARGEST_CLOSE_UP)) if ratios else None


def _shoulders(keypoints: np.ndarray) -> np.ndarray:
    """(T, 2) px, the middle of the shoulders; NaN where one is missing."""
    pair = keypoints[:, SHOULDERS]
    seen = (pair[..., 2] >= MIN_CONFIDENCE).all(axis=1, keepdims=True)
    return np.where(seen, pair[..., :2].mean(axis=1), np.nan)


def _hang(keypoints: np.ndarray, whole: np.ndarray, view: np.ndarray, fps: float) -> np.ndarray:
    """Attach, in place, missing joints to visible ones, in the frames with both shoulders and no ankle.

    whole, view: (T,) bool, frames that show the whole body, and those in one view. Returns (T,) bool, the
    frames in which both legs hang.
    """
    present = keypoints[..., 2] >= MIN_CONFIDENCE
    partial = view & present[:, SHOULDERS].all(axis=1) & ~present[:, ANKLES].any(axis=1)
    if not partial.any():
        return partial
    for joint, above in HUNG:
        both = view & present[:, joint] & present[:, above]
        if joint in BELOW:  # near the picture's edge, an estimator bends legs to keep them inside
            both &= whole
        wanted = partial & ~present[:, joint] & (keypoints[:, above, 2] >= MIN_CONFIDENCE)
        if not both.any() or not wanted.any():
            continue
        vectors = interpolated(keypoints[:, joint, :2] - keypoints[:, above, :2], both)
        keypoints[wanted, joint, :2] = keypoints[wanted, above, :2] + vectors[wanted]
        keypoints[wanted, joint, 2] = ATTACHED
    hang_arms(keypoints, partial, view, fps)
    return partial & (keypoints[:, ANKLES, 2] > 0).all(axis=1)


def _hang_ends(keypoints: np.ndarray, whole: np.ndarray, view: np.ndarray) -> None:
    """Hang, in place, missing points of a foot on its ankle, as whole frames of the view hold them, and those
    of a head that is cut off on the shoulders; where no frame of the view shows them, as those of other views
    usually hold them, at the view's size.
    """
    present = keypoints[..., 2] >= MIN_CONFIDENCE
    nose, eyes, ears = (
        present[:, HEAD[points]].any(axis=1) for points in (slice(1), slice(1, 3), slice(3, 5))
    )
    headless = ~eyes & (nose | ~ears)  # from behind ears alone are seen, from the side an eye
    for point, carriers in ENDS:
        of_head = carriers is SHOULDERS
        carried = present[:, carriers].all(axis=1)
        shown = present[:, point] & carried & (of_head | whole)
        wanted = view & ~present[:, point] & carried & (headless | (not of_head))
        if not shown.any() or not wanted.any():
            continue
        place = keypoints[:, carriers, :2].mean(axis=1)
        vectors, both = keypoints[:, point, :2] - place, shown & view
        if both.any():
            hung = interpolated(vectors, both)[wanted]
        else:
            size = _zoom(keypoints[view], keypoints[shown]) or 1.0
            hung = size * np.median(vectors[shown], axis=0)
        keypoints[wanted, point, :2] = place[wanted] + hung
        keypoints[wanted, point, 2] = ATTACHED


def _ground(keypoints: np.ndarray, frames: np.ndarray, line: np.ndarray) -> None:
    """Move, in place, the feet of upright bodies to the ground, (T,) px; the knees move half as far."""
    heights = [keypoints[:, pair, 1].mean(axis=1) for pair in (SHOULDERS, HIPS)]
    frames = frames & (heights[0] < heights[1])
    way = np.where(frames, line - keypoints[:, ANKLES, 1].mean(axis=1), 0).astype(np.float32)
    for joint in BELOW:
        share = 0.5 if joint in KNEES else 1.0
        keypoints[:, joint, 1] += np.where(keypoints[:, joint, 2] > 0, share * way, 0)


def _hold(keypoints: np.ndarray, longest: int) -> None:
    """Hold, in place, the last pose for at most `longest` frames without a person."""
    seen = (keypoints[..., 2] >= MIN_CONFIDENCE).any(axis=1)
    frames = np.arange(len(keypoints))
    last = np.maximum.accumulate(np.where(seen, frames, -1))
    held = ~seen & (last >= 0) & (frames - last <= longest)
    keypoints[held] = keypoints[last[held]]
    keypoints[held, :, 2] = np.where(
        keypoints[held, :, 2] > 0, np.maximum(HELD_CONFIDENCE * keypoints[held, :, 2], MIN_CONFIDENCE), 0
    )
