"""Normalisation of a source whose camera moves, or that is cut: in px of the scene, and shot by shot.

A pan is then no walk and a zoom no approach, and a cut to another framing is no jump.
"""

import logging

import numpy as np

from dancenow.errors import InputError
from dancenow.keypoints import BODY
from dancenow.pose.grounding import inside
from dancenow.pose.normalize import measure_normalization, transfer_pose

log = logging.getLogger(__name__)

LEAST_SECONDS = 1.0  # of a shot, for statistics of its own
SAME_POSE = 0.04  # of the target's height: a body that changes less across a cut goes on, and has not moved
PLACES_Y, PLACES_X = ("s_far", "s_median", "s_close"), ("x_median",)


def in_scene(pose, path):
    """A Pose of a clip's frames in px of the scene. path: the clip's CameraPath. Of a still one the pose."""
    if len(path.maps) != len(pose.keypoints):
        raise InputError(
            f"the camera's path has {len(path.maps)} frames and the pose {len(pose.keypoints)}; delete both "
            "files in results/camera and results/poses and run again"
        )
    return pose if path.is_still else pose.replace(keypoints=path.to_scene(pose.keypoints))


def measure_shots(pose, path, clip="the clip"):
    """measure_normalization of a clip in px of the scene, and of each of its shots.

    pose: Pose in px of the frames; path: its CameraPath. Of a clip of one shot, what measure_normalization
    gives; else with {"shots": [{"first", "stop": frames, "statistics": the same of the shot alone, or None
    where it is short or does not show enough}]}. Raises InputError as measure_normalization does.
    """
    statistics = _measured(pose, path, slice(None), clip)
    ranges = path.shot_frames()
    if len(ranges) == 1:
        return statistics
    shots = []
    for number, (first, stop) in enumerate(ranges):
        own = None
        if stop - first >= LEAST_SECONDS * float(pose.fps):
            try:
                own = _measured(pose, path, slice(first, stop), f"{clip}, shot {number}")
            except InputError as error:
                log.info("%s; it takes the statistics of the clip", error)
        shots.append({"first": first, "stop": stop, "statistics": own})
    return statistics | {"shots": shots}


def transfer_shots(source, source_statistics, target, target_statistics, limbs="target"):
    """normalize.transfer_pose of each shot with its own statistics, else the clip's.

    source: Pose in px of the scene; statistics: from measure_shots. Limbs are those of the longest shot that
    shows enough, for they do not change at a cut. Where a pose goes on across a cut, the figure stays where
    it stood; where it does not, each shot stands in the middle of its own place. Returns a Pose.
    """
    parts = shot_parts(source, source_statistics)
    poses = [transfer_pose(part, own, target, target_statistics, limbs) for part, own in parts]
    if len(poses) == 1:
        return poses[0]
    keypoints = [pose.keypoints.copy() for pose in poses]
    for before, after in zip(keypoints[:-1], keypoints[1:], strict=True):
        jump = _jump(before[-1], after[0], target_statistics["h_close"])
        if jump:
            after[..., 0] -= np.where(after[..., 2] > 0, np.float32(jump), 0)
    return poses[0].replace(
        keypoints=np.concatenate(keypoints), origin=np.concatenate([pose.origin for pose in poses])
    )


def shot_parts(source, statistics):
    """[(Pose of a shot, its statistics)] of a clip; of a clip of one shot, both as they are."""
    shots = statistics.get("shots", [])
    measured = [shot for shot in shots if shot["statistics"]]
    if not measured:
        return [(source, statistics)]
    longest = max(measured, key=lambda shot: shot["stop"] - shot["first"])["statistics"]
    body = {key: longest[key] for key in ("limbs", "face")}
    parts = []
    for shot in shots:
        frames = slice(shot["first"], shot["stop"])
        part = source.replace(keypoints=source.keypoints[frames], origin=source.origin[frames])
        parts.append((part, (shot["statistics"] or statistics) | body))
    return parts


def _measured(pose, path, frames, clip):
    """measure_normalization of some frames, in px of the scene."""
    keypoints, origin, maps = pose.keypoints[frames], pose.origin[frames], path.maps[frames]
    if (maps == np.eye(3)).all():
        return measure_normalization(pose.replace(keypoints=keypoints, origin=origin), clip)
    # what the frame did not show is not seen, wherever in the scene it lies; what it did show is inside
    scene = path.to_scene(pose.keypoints)[frames]
    shown = inside(pose.replace(keypoints=keypoints, origin=origin)) & (origin > 0)
    scene[~shown] = 0
    low = np.floor(np.where(shown[..., None], scene[..., :2], np.inf).min(axis=(0, 1), initial=0))
    high = np.ceil(np.where(shown[..., None], scene[..., :2], -np.inf).max(axis=(0, 1), initial=0))
    scene[..., :2] -= np.where(shown[..., None], low, 0).astype(np.float32)
    width, height = np.maximum(high - low + 1, (pose.width, pose.height)).astype(int).tolist()
    moved = pose.replace(
        keypoints=scene, origin=np.where(shown, origin, 0).astype(np.uint8), width=width, height=height
    )
    statistics = measure_normalization(moved, clip) | {"width": pose.width, "height": pose.height}
    for keys, offset in ((PLACES_X, low[0]), (PLACES_Y, low[1])):
        statistics |= {key: round(statistics[key] + float(offset), 3) for key in keys}
    return statistics


def _jump(before, after, height):
    """px by which a body of (133, 3) keypoints jumps to the side while its pose goes on; 0 if it does not."""
    seen = (before[BODY, 2] > 0) & (after[BODY, 2] > 0)
    if seen.sum() < seen.size / 2:
        return 0.0
    way = after[BODY, :2][seen] - before[BODY, :2][seen]
    middle = np.median(way, axis=0)
    changed = float(np.linalg.norm(way - middle, axis=1).mean())
    return float(middle[0]) if changed < SAME_POSE * height else 0.0
