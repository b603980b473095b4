"""Normalisation of a source with a moving camera or cuts: in px of the scene, shot by shot.

A pan is then not mistaken for a walk, a zoom for an approach, or a cut to another framing for a jump.
"""

import logging
from typing import NamedTuple

import numpy as np

from dancenow.camera.path import CameraPath
from dancenow.errors import InputError
from dancenow.keypoints import BODY, IMPUTED, MISSING, Pose
from dancenow.pose.grounding import inside
from dancenow.pose.normalize import measure_normalization, transfer_pose
from dancenow.pose.partial_bodies import complete_bodies, imputed_legs, nearest_known, telling_scenes
from dancenow.pose.travel import keep_within

log = logging.getLogger(__name__)

SAME_POSE = 0.04  # of the target's height: a body that changes less across a cut goes on, and has not moved
PLACES_Y, PLACES_X = ("s_far", "s_median", "s_close"), ("x_median",)


def in_scene(pose: Pose, path: CameraPath) -> tuple[Pose, np.ndarray]:
    """A clip's Pose in px of the scene, shifted so that all frames lie inside, and the shift.

    pose: Pose in px of the frames; path: the clip's CameraPath. Returns (Pose, (2,) px of its corner in the
    scene). Keypoints outside their frame count as IMPUTED, even if they lie inside the scene. For a still
    path the unchanged Pose and (0, 0).
    """
    path.require_frames(len(pose.keypoints))
    if path.is_still:
        return pose, np.zeros(2)
    keypoints, shown = path.to_scene(pose.keypoints), inside(pose) & pose.present()
    low = np.floor(np.where(shown[..., None], keypoints[..., :2], np.inf).min(axis=(0, 1), initial=0))
    high = np.ceil(np.where(shown[..., None], keypoints[..., :2], -np.inf).max(axis=(0, 1), initial=0))
    keypoints[..., :2] -= np.where(keypoints[..., 2:] > 0, low, 0).astype(np.float32)
    width, height = np.maximum(high - low + 1, (pose.width, pose.height)).astype(int).tolist()
    origin = np.where(shown | (pose.origin == MISSING), pose.origin, IMPUTED).astype(np.uint8)
    return pose.replace(keypoints=keypoints, origin=origin, width=width, height=height), low


def measure_shots(pose: Pose, path: CameraPath, clip: str = "the clip") -> dict:
    """measure_normalization of a clip in px of the scene, and of the scene of each of its shots.

    pose: Pose in px of the frames; path: its CameraPath. Of a clip of one shot, what measure_normalization
    gives; else with {"shots": [{"first", "stop": frames, "statistics": the same of the scene that the shot
    shows, or None where that does not tell the size, as in partial_bodies.telling_scenes}]}. Raises
    InputError as measure_normalization does.
    """
    statistics = _measured(pose, path, slice(None), clip)
    ranges = path.shot_frames()
    if len(ranges) == 1:
        return statistics
    scenes = {}
    for scene in sorted(telling_scenes(pose, path.scene)):
        try:
            scenes[scene] = _measured(
                pose, path, np.flatnonzero(path.scene == scene), f"{clip}, scene {scene}"
            )
        except InputError as error:
            log.info("%s; its shots take the statistics of their neighbours", error)
    shots = [
        {"first": first, "stop": stop, "statistics": scenes.get(scene)}
        for (first, stop), scene in zip(ranges, path.scenes, strict=True)
    ]
    return statistics | {"shots": shots}


def whole_bodies(source: Pose, path: CameraPath, max_gap: float = 0) -> tuple[Pose, np.ndarray]:
    """partial_bodies.complete_bodies of a Pose in px of its frames, and its shift, (2,) px: in_scene."""
    pose, corner = in_scene(source, path)
    telling, views = telling_scenes(source, path.scene), []
    known = [scene in telling for scene in path.scenes]
    for number in range(len(known)):
        views.append((path.scenes[nearest_known(known, number)], not known[number]))
    return complete_bodies(pose, path.breaks, max_gap, views if path.breaks else None), corner


class Transferred(NamedTuple):
    """pose: of the figure; scale: (T,), its size relative to the source; legs: (T,) bool, imputed legs;
    way: the remaining share of the dancer's sideways travel, as from travel.keep_within."""

    pose: Pose
    scale: np.ndarray
    legs: np.ndarray
    way: float


def transfer_clip(
    source: Pose,
    path: CameraPath,
    source_statistics: dict,
    target_statistics: dict,
    limbs: str = "target",
    max_gap: float = 0,
) -> Transferred:
    """transfer_shots of complete bodies: from a source's Pose in px of its frames to that of the figure.

    path: the source's CameraPath; max_gap: as in partial_bodies.complete_bodies. Travel beyond the target's
    frame is shortened.
    """
    whole, corner = whole_bodies(source, path, max_gap)
    pose, scale = transfer_shots(whole, _moved(source_statistics, -corner), target_statistics, limbs)
    pose, way = keep_within(pose)
    return Transferred(pose, scale, imputed_legs(whole), way)


def transfer_shots(
    source: Pose, source_statistics: dict, target_statistics: dict, limbs: str = "target"
) -> tuple[Pose, np.ndarray]:
    """normalize.transfer_pose of each shot, with its own statistics or those of the nearest shot.

    source: Pose in px of the scene; statistics: from measure_shots. Limbs come from the longest shot that
    shows enough, because they do not change at a cut. If a pose continues across a cut, the figure stays
    where it stood; otherwise each shot is placed at the middle of its own range. Returns a Pose, and (T,) its
    size relative to the source.
    """
    parts = shot_parts(source, source_statistics)
    poses, fits = zip(
        *(transfer_pose(part, own, target_statistics, limbs) for part, own in parts), strict=True
    )
    scale = np.concatenate([fit.scale for fit in fits])
    if len(poses) == 1:
        return poses[0], scale
    keypoints = [pose.keypoints.copy() for pose in poses]
    for before, after in zip(keypoints[:-1], keypoints[1:], strict=True):
        jump = _jump(before[-1], after[0], target_statistics["h_close"])
        if jump:
            after[..., 0] -= np.where(after[..., 2] > 0, np.float32(jump), 0)
    whole = poses[0].replace(
        keypoints=np.concatenate(keypoints), origin=np.concatenate([pose.origin for pose in poses])
    )
    return whole, scale


def shot_parts(source: Pose, statistics: dict) -> list[tuple[Pose, dict]]:
    """[(Pose of a shot, its statistics)] of a clip; for a clip of one shot, both unchanged.

    A shot without statistics takes those of the nearest with some, for complete_bodies has brought it into
    its view; the clip's would mix the sizes of all framings.
    """
    shots = statistics.get("shots", [])
    known = [shot["statistics"] is not None for shot in shots]
    if not any(known):
        return [(source, statistics)]
    longest = max(np.flatnonzero(known), key=lambda number: shots[number]["stop"] - shots[number]["first"])
    body = {key: shots[longest]["statistics"][key] for key in ("limbs", "face")}
    parts = []
    for number, shot in enumerate(shots):
        part = source.part(slice(shot["first"], shot["stop"]))
        parts.append((part, shots[nearest_known(known, number)]["statistics"] | body))
    return parts


def _measured(pose: Pose, path: CameraPath, frames: slice | np.ndarray, clip: str) -> dict:
    """measure_normalization of some frames, in px of the scene."""
    part = pose.part(frames)
    scene, corner = in_scene(part, path.part(frames))
    if scene is part:
        return measure_normalization(part, clip)
    unseen = (part.origin != IMPUTED) & (scene.origin == IMPUTED)
    scene.keypoints[unseen] = 0
    statistics = measure_normalization(scene, clip) | {"width": pose.width, "height": pose.height}
    return _moved(statistics, corner)


def _moved(statistics: dict, way: np.ndarray) -> dict:
    """The statistics of a clip and its shots, shifted by (2,) px for another corner of the scene."""
    if not np.any(way):
        return statistics
    moved = {
        key: round(statistics[key] + float(step), 3)
        for keys, step in ((PLACES_X, way[0]), (PLACES_Y, way[1]))
        for key in keys
    }
    if "shots" in statistics:
        moved["shots"] = [
            shot | {"statistics": shot["statistics"] and _moved(shot["statistics"], way)}
            for shot in statistics["shots"]
        ]
    return statistics | moved


def _jump(before: np.ndarray, after: np.ndarray, height: float) -> float:
    """px by which a body of (133, 3) keypoints jumps sideways while its pose continues; 0 if it does not."""
    seen = (before[BODY, 2] > 0) & (after[BODY, 2] > 0)
    if seen.sum() < seen.size / 2:
        return 0.0
    way = after[BODY, :2][seen] - before[BODY, :2][seen]
    middle = np.median(way, axis=0)
    changed = float(np.linalg.norm(way - middle, axis=1).mean())
    return float(middle[0]) if changed < SAME_POSE * height else 0.0
