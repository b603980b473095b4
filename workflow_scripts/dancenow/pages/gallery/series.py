"""Measure a transfer frame by frame: its poses against the driving, the shown and the true ones."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dancenow.errors import InputError
from dancenow.evaluation.evaluate import VideoFrames
from dancenow.evaluation.metrics import person_box, pose_error, psnr_in_box, ssim_in_box
from dancenow.evenly import evenly
from dancenow.files import read_json, write_json
from dancenow.keypoints import Pose, load_pose, standing_height
from dancenow.pages.report.coverage import MOST_FRAMES, body_heights, body_shape, compare_part
from dancenow.pose.estimators.choosing import open_estimator
from dancenow.pose.estimators.estimator import largest_people
from dancenow.pose.normalize_files import read_statistics
from dancenow.training.holdout import training_frame_count

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredFiles:
    """Paths of what a transfer is measured by.

    video: the result; driving_pose: what it was synthesized from; target_pose, target_statistics: the
    target's; decision: of the estimator; truth: a video, or None where there is none.
    """

    video: str | Path
    driving_pose: str | Path
    target_pose: str | Path
    target_statistics: str | Path
    decision: str | Path
    truth: str | Path | None = None


def measure_frames(files: MeasuredFiles, output: str | Path, holdout: float, threads: int) -> None:
    """Write the JSON `output`: {frames, fps, body_height_px, series {key of titles.SERIES: {values, limit}}}.

    values has one number for each frame, null where there is nothing to measure; limit is null, or the value
    beyond which the target's training footage shows no such pose. holdout: share of the target's footage that
    is not training footage. InputError when result, pose and truth differ in their number of frames.
    """
    began = time.monotonic()
    torch.set_num_threads(threads)
    driving, target = load_pose(files.driving_pose), load_pose(files.target_pose)
    result = VideoFrames(files.video, driving.width, driving.height)
    _same_length(files.video, len(result), files.driving_pose, len(driving.keypoints))
    estimator = open_estimator(read_json(files.decision), threads)
    height = standing_height(driving.keypoints)
    if not np.isfinite(height):
        raise InputError(f"{files.driving_pose}: no frame shows the performer from head to feet")
    shown = target.part(slice(training_frame_count(len(target.keypoints), holdout)))
    distance, limit = distance_to_shown(driving, shown, read_statistics(files.target_statistics))
    series = pose_series(largest_people(estimator.detect(iter(result))), driving.keypoints, height)
    series["distance"] = distance
    if files.truth:
        real = VideoFrames(files.truth, driving.width, driving.height)
        _same_length(files.video, len(result), files.truth, len(real))
        series |= truth_series(result, real, largest_people(estimator.detect(iter(real))))
    record: dict[str, Any] = {
        "frames": len(result),
        "fps": str(driving.fps),
        "body_height_px": round(height, 1),
        "series": {key: {"values": _plain(values), "limit": None} for key, values in series.items()},
    }
    record["series"]["distance"]["limit"] = round(limit, 4)
    write_json(output, record)
    log.info("%d frames in %.0f s", len(result), time.monotonic() - began)


def pose_series(found: np.ndarray, driving: np.ndarray, height_px: float) -> dict[str, np.ndarray]:
    """{pose_error, missed}: (T,) float in %, of the body height and of the body's keypoints; NaN: no value.

    found, driving: (T, 133, 3) px; height_px: the performer's height.
    """
    errors = np.array([pose_error(*poses, height_px) for poses in zip(found, driving, strict=True)])
    return {"pose_error": errors[:, 0], "missed": 100 * errors[:, 1]}


def distance_to_shown(driving: Pose, shown: Pose, statistics: dict) -> tuple[np.ndarray, float]:
    """How far each driving pose is from the nearest one shown: (T,) float in % of the height, and the limit.

    driving, shown: Poses in the same frame; statistics: the target's, from measure_normalization. The whole
    body is compared as in report.pair, with at most MOST_FRAMES of the shown frames, relative to the hips;
    NaN where it is missing or never shown.
    """
    asked, known = (body_shape(pose, body_heights(pose, statistics)) for pose in (driving, shown))
    some = evenly(len(known), MOST_FRAMES)
    compared = compare_part(asked, known[some], "whole body", shown.fps * len(some) / len(known))
    return compared["distance"], compared["limit"]


def truth_series(
    result: Iterable[np.ndarray], truth: Iterable[np.ndarray], seen: np.ndarray
) -> dict[str, np.ndarray]:
    """{ssim, psnr}: (T,) float inside the person's box, NaN where nobody is seen in the truth.

    result, truth: iterables of T (H, W, 3) uint8 RGB frames; seen: (T, 133, 3) px, the person in the truth.
    """
    ssim, psnr = np.full((2, len(seen)), np.nan)
    for index, (image, true) in enumerate(zip(result, truth, strict=True)):
        box = person_box(seen[index], true.shape[1], true.shape[0])
        if box is not None:
            ssim[index], psnr[index] = ssim_in_box(image, true, box), psnr_in_box(image, true, box)
    return {"ssim": ssim, "psnr": psnr}


def _plain(values: np.ndarray) -> list[float | None]:
    """Floats for JSON: four decimals, None where not finite."""
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]


def _same_length(path: str | Path, count: int, other: str | Path, other_count: int) -> None:
    if count != other_count:
        raise InputError(
            f"{path}: {count} frames, but {other} has {other_count}; delete the older file to make it again"
        )
