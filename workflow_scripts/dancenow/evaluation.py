"""A synthesised video against the truth, beside two baselines on the same frames: numbers and a table.

Everything is measured inside the person's box, found on the truth; a static plate makes the rest nearly free.
"""

import itertools
import logging
import time
from pathlib import Path

import numpy as np
import torch

from dancenow import media
from dancenow.dataset import heldout, training_frame_count
from dancenow.errors import InputError
from dancenow.estimators import open_estimator
from dancenow.files import read_json, write_json
from dancenow.frames import FrameStore
from dancenow.keypoints import BODY, COUNT, MIN_CONFIDENCE, boxes, load_pose
from dancenow.metrics import (
    block_bootstrap,
    perceptual_in_box,
    person_box,
    pose_error,
    psnr_in_box,
    ssim_in_box,
    standing_height,
)
from dancenow.perceptual import EVALUATION, evaluation_decision, load_perceptual
from dancenow.pictures import read_png
from dancenow.series import save_series

log = logging.getLogger(__name__)

RESULT, PLATE, NEIGHBOUR = "result", "static background plate", "nearest neighbour"
BLOCK = 25  # frames drawn together by the bootstrap
# key: (title, +1 where more is better, decimals)
MEASURES = {
    "ssim": ("SSIM ↑", 1, 3),
    "psnr": ("PSNR, dB ↑", 1, 2),
    "perceptual": (f"LPIPS-form ({EVALUATION}) ↓", -1, 3),
    "pose_error": ("pose error, % of height ↓", -1, 2),
    "missed": ("missed keypoints, % ↓", -1, 1),
    "pose_error_with_misses": ("pose error with misses, % of height ↓", -1, 2),
}


class VideoFrames:
    """A video as a sized iterable of (height, width, 3) uint8 RGB, decoded anew on each pass."""

    def __init__(self, path, width, height):
        self.path, self.width, self.height = path, width, height
        self.facts = media.probe(path)

    def __len__(self):
        return self.facts["frames"]

    def __iter__(self):
        return media.decode(self.path, self.facts, self.width, self.height)


class LastFrames:
    """The frames of a sequence from `first` on, as a sized iterable."""

    def __init__(self, frames, first):
        self.frames, self.first = frames, first

    def __len__(self):
        return len(self.frames) - self.first

    def __iter__(self):
        return (self.frames[index] for index in range(self.first, len(self.frames)))


def evaluate_transfer(inputs, output, series_path, holdout, seed, threads):
    """Score a transfer against footage of the target performing the same dance; write the JSON `output`.

    inputs: video (the result), truth (frame i of it shows frame i of the dance), plate, frames, target_pose,
    asked_pose, decision (paths). series_path: for the measures of each frame (dancenow.series). holdout:
    share of the target's footage that is no training footage.
    """
    target, asked = load_pose(inputs.target_pose), load_pose(inputs.asked_pose)
    truth = VideoFrames(inputs.truth, target.width, target.height)
    _evaluate_files(inputs, truth, target, asked, output, series_path, holdout, seed, threads)


def evaluate_heldout(inputs, output, series_path, holdout, seed, threads):
    """Score the reconstruction of the held-out end of the target's own footage; as `evaluate_transfer`.

    inputs: video (the held-out frames only, painted), plate, frames, target_pose, decision (paths).
    """
    target = load_pose(inputs.target_pose)
    asked, store = heldout(target, holdout), FrameStore(inputs.frames)
    truth = LastFrames(store, training_frame_count(len(store), holdout))
    _evaluate_files(inputs, truth, target, asked, output, series_path, holdout, seed, threads)


def evaluate(result, truth, plate, training, training_keypoints, asked, estimator, network, seed):
    """Compare a result, the plate alone and the nearest neighbour with the truth, frame by frame.

    result, truth: sized iterables of T (H, W, 3) uint8 RGB frames, iterated more than once; plate: one such
    frame; training: sequence of the target's training frames; training_keypoints: (N, 133, 3) px, the poses
    in them; asked: (T, 133, 3) px, the poses that the result was painted from; estimator: its detect(frames)
    finds the people again in result, plate and truth; network: the PerceptualNetwork that judges.
    Returns a dict for JSON: frames, frames_compared (a person is seen in the truth), body_height_px,
    perceptual_network, bootstrap {seed, block}, scores {row: {measure: {mean, low, high}}} for the keys of
    MEASURES, gains {baseline: the same, positive where the result is better}; and, not for JSON, series {row:
    {measure: (T,) float}}. InputError when lengths differ or nobody is seen in the truth.
    """
    if not len(result) == len(truth) == len(asked):
        raise InputError(
            f"the result has {len(result)} frames, the truth {len(truth)} and the asked pose {len(asked)}; "
            "only footage of the same dance, frame by frame, can be compared"
        )
    wanted = detect_largest(estimator, truth)
    height = standing_height(wanted)
    if not np.isfinite(height):
        raise InputError("the truth: no frame shows a person from head to feet; name other footage")
    neighbours = nearest_neighbours(asked, training_keypoints)
    found = {
        RESULT: detect_largest(estimator, result),
        PLATE: np.repeat(detect_largest(estimator, [plate]), len(wanted), axis=0),
        NEIGHBOUR: training_keypoints[neighbours],
    }
    images = {
        RESULT: result,
        PLATE: itertools.repeat(plate, len(wanted)),
        NEIGHBOUR: (training[i] for i in neighbours),
    }
    series = {row: _pose_series(poses, wanted, height) for row, poses in found.items()}
    for row, more in _image_series(images, truth, wanted, network).items():
        series[row].update(more)
    return {
        "frames": len(wanted),
        "frames_compared": int(np.isfinite(series[RESULT]["perceptual"]).sum()),
        "body_height_px": round(height, 1),
        "perceptual_network": network.name,
        "bootstrap": {"seed": seed, "block": BLOCK},
        "scores": {row: _summary(values, seed) for row, values in series.items()},
        "gains": {row: _summary(_gains(series[RESULT], series[row]), seed) for row in (PLATE, NEIGHBOUR)},
        "series": series,
    }


def markdown_table(report):
    """The report of `evaluate` as a Markdown table: each mean with its 95 % interval."""
    titles = [title for title, _, _ in MEASURES.values()]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    rows = dict(report["scores"])
    rows |= {f"result better than {name} by": gains for name, gains in report["gains"].items()}
    for name, scores in rows.items():
        cells = [_cell(scores[key], decimals) for key, (_, _, decimals) in MEASURES.items()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def nearest_neighbours(asked, training):
    """Index of the training pose nearest to each asked pose, (T,) int (the paper's baseline, eq. 6).

    asked: (T, 133, 3), training: (N, 133, 3), both in px of the target's frame, the asked ones normalised.
    The distance is the mean over the body keypoints present in both; a training pose that lacks more than
    half of the asked ones is no candidate unless all do. An asked pose without a person takes training
    frame 0.
    """
    asked, training = asked[:, BODY], training[:, BODY]
    seen = training[..., 2] >= MIN_CONFIDENCE
    indices = []
    for pose in asked:
        both = seen & (pose[:, 2] >= MIN_CONFIDENCE)
        way = np.linalg.norm(training[..., :2] - pose[:, :2], axis=2)
        shared = both.sum(axis=1)
        mean = np.where(shared > 0, (way * both).sum(axis=1) / np.maximum(shared, 1), np.inf)
        enough = shared >= (pose[:, 2] >= MIN_CONFIDENCE).sum() / 2
        indices.append(int(np.where(enough, mean, np.inf).argmin() if enough.any() else mean.argmin()))
    return np.array(indices)


def detect_largest(estimator, frames):
    """The largest person in each frame, (T, 133, 3) float32; zeros where nobody is found."""
    poses = []
    for people in estimator.detect(iter(frames)):
        box = boxes(people)
        area = np.nan_to_num((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]), nan=-1.0)
        poses.append(people[area.argmax()] if len(people) else np.zeros((COUNT, 3), np.float32))
    return np.stack(poses)


def _evaluate_files(inputs, truth, target, asked, output, series_path, holdout, seed, threads):
    began = time.monotonic()
    torch.set_num_threads(threads)
    count = training_frame_count(len(target.keypoints), holdout)
    report = evaluate(
        VideoFrames(inputs.video, target.width, target.height),
        truth,
        read_png(Path(inputs.plate)),
        FrameStore(inputs.frames),
        target.keypoints[:count],
        asked.keypoints,
        open_estimator(read_json(inputs.decision), threads),
        load_perceptual(evaluation_decision()),
        seed,
    )
    table = markdown_table(report)
    log.info("%s, inside the person's box, with 95 %% intervals:\n\n%s\n", inputs.video, table)
    log.info("%d frames compared in %.0f s", report["frames_compared"], time.monotonic() - began)
    save_series(series_path, report.pop("series"))
    write_json(output, report)


def _pose_series(found, wanted, height):
    """{measure: (T,) float} of the pose measures of one row."""
    errors = np.array([pose_error(a, b, height) for a, b in zip(found, wanted, strict=True)])
    return {"pose_error": errors[:, 0], "missed": 100 * errors[:, 1], "pose_error_with_misses": errors[:, 2]}


def _image_series(images, truth, wanted, network):
    """{row: {measure: (T,) float}} of the image measures; NaN where nobody is seen in the truth."""
    values = {key: np.full((len(images), len(wanted)), np.nan) for key in ("ssim", "psnr", "perceptual")}
    for index, (true, *shown) in enumerate(zip(truth, *images.values(), strict=True)):
        box = person_box(wanted[index], true.shape[1], true.shape[0])
        if box is None:
            continue
        values["ssim"][:, index] = [ssim_in_box(image, true, box) for image in shown]
        values["psnr"][:, index] = [psnr_in_box(image, true, box) for image in shown]
        values["perceptual"][:, index] = perceptual_in_box(network, shown, true, box)
    return {row: {key: series[place] for key, series in values.items()} for place, row in enumerate(images)}


def _gains(better, worse):
    """{measure: (T,) float}: by how much one row beats another, frame by frame; positive is better."""
    with np.errstate(invalid="ignore"):  # two infinite PSNRs have no difference; the means leave it out
        return {key: sign * (better[key] - worse[key]) for key, (_, sign, _) in MEASURES.items()}


def _summary(series, seed):
    return {key: block_bootstrap(series[key], seed, BLOCK) for key in MEASURES}


def _cell(score, decimals):
    if score["mean"] is None:
        return "–"
    if score["low"] is None:
        return f"{score['mean']:.{decimals}f}"
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(score["mean"], score["low"], score["high"], d=decimals)
