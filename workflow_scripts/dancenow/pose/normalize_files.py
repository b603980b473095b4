"""Normalisation from files to a file, with a warning where its result is implausible."""

import logging
from dataclasses import dataclass
from pathlib import Path

from dancenow.camera.path import load_path
from dancenow.files import read_json, write_json
from dancenow.keypoints import load_pose, require_same_estimator, save_pose
from dancenow.pose.normalize import letterbox_pose, outside_share
from dancenow.pose.retarget import FACE_SHAPE_POINTS
from dancenow.pose.shot_statistics import measure_shots, transfer_clip

# people are filmed at sizes that differ by less: beyond it one of the skeletons is no whole person
PLAUSIBLE_SCALE = (0.3, 3.0)
PLAUSIBLE_OUTSIDE = 0.02  # of the body: hands that leave the frame now and then


def measure_normalization_file(
    pose_path: str | Path, camera_path: str | Path, statistics_path: str | Path
) -> None:
    """measure_shots from files of a pose and its camera to JSON. The clip's name is the pose file's."""
    statistics = measure_shots(load_pose(pose_path), load_path(camera_path), Path(pose_path).stem)
    logging.info(
        "normalization statistics: %s", ", ".join(f"{key} {value}" for key, value in statistics.items())
    )
    write_json(statistics_path, statistics)


def read_statistics(path: str | Path) -> dict:
    """What measure_normalization_file wrote; InputError names a file that is none."""
    return read_json(path, known={"face": [(float, None)] * len(FACE_SHAPE_POINTS)})


@dataclass(frozen=True)
class PairFiles:
    """Paths of a pair's poses and normalization statistics, and of the source's camera."""

    source_pose: str | Path
    source_camera: str | Path
    source_statistics: str | Path
    target_pose: str | Path
    target_statistics: str | Path


def normalize_pair(
    files: PairFiles, output_path: str | Path, limbs: str = "target", max_gap: float = 0
) -> None:
    """transfer_clip from files to a file, with a warning if the result is implausible.

    max_gap: seconds for which the last pose is held when nobody is seen, as in partial_bodies.

    Raises InputError when the two poses come from different estimators or checkpoints, or the statistics
    lack what an older version did not measure.
    """
    source, target = load_pose(files.source_pose), load_pose(files.target_pose)
    require_same_estimator(source, target, files.source_pose, files.target_pose)
    result, scale, legs, way = transfer_clip(
        source, load_path(files.source_camera), read_statistics(files.source_statistics),
        read_statistics(files.target_statistics), limbs, max_gap,
    )  # fmt: skip
    if legs.any():
        logging.info("legs imputed for %.1f s", legs.sum() / float(source.fps))
    if way < 1:
        reason = "the dancer reaches wider than the target's frame; the figure stays in its middle"
        if way > 0:
            times = f"{1 / way:.1f} times as far as fits into the target's frame"
            reason = f"the dancer travels {times}; the sideways travel is shortened"
        remedy = "use target footage filmed from farther away"
        logging.warning("warning: %s: %s, and feet slide; %s", output_path, reason, remedy)
    outside = outside_share(result)
    logging.info(
        "normalised %d frames: scale %.3f to %.3f, %.1f %% of the body outside the frame",
        len(scale),
        scale.min(),
        scale.max(),
        100 * outside,
    )
    low, high = PLAUSIBLE_SCALE
    if scale.min() < low or scale.max() > high:
        logging.warning(
            "warning: %s: a scale outside %g to %g is implausible; check in the normalisation figure that "
            "both skeletons are whole people, or use clips that show both people at similar sizes",
            output_path,
            low,
            high,
        )
    if outside > PLAUSIBLE_OUTSIDE:
        logging.warning(
            "warning: %s: %.1f %% of the body would lie outside the target's frame and cannot be shown; "
            "use target footage that leaves more room around the person",
            output_path,
            100 * outside,
        )
    save_pose(output_path, result)


def letterbox_pair(
    source_pose_path: str | Path, target_pose_path: str | Path, output_path: str | Path
) -> None:
    """letterbox_pose from files to a file.

    Raises InputError when the two poses come from different estimators or checkpoints.
    """
    source, target = load_pose(source_pose_path), load_pose(target_pose_path)
    require_same_estimator(source, target, source_pose_path, target_pose_path)
    result = letterbox_pose(source, target)
    logging.info("not normalised: %.1f %% of the body outside the frame", 100 * outside_share(result))
    save_pose(output_path, result)
