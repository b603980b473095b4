"""Compare a synthesized video with the ground truth, with two baselines on the same frames.

The first table is measured inside the person's box, found in the truth; a static background makes the rest
nearly free.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dancenow.camera.steady_frames import open_steady, valid_of
from dancenow.camera.view import load_view
from dancenow.device import pick_device, prepare_exact
from dancenow.errors import InputError
from dancenow.evaluation.evaluation_tables import MEASURES, PART_MEASURES, TIME_MEASURES, markdown_page
from dancenow.evaluation.kernel_distance import kernel_distance
from dancenow.evaluation.lpips import load_judges
from dancenow.evaluation.metrics import pose_error
from dancenow.evaluation.names import BACKGROUND, LPIPS_FORM, NEIGHBOUR, PERSON, REGIONS, RESULT, TRUTH
from dancenow.evaluation.picture_series import PictureSeries, Truth, measure_pictures
from dancenow.evaluation.pose_parts import part_series
from dancenow.evaluation.series import save_series
from dancenow.evenly import evenly
from dancenow.files import read_json, write_json, write_text
from dancenow.intervals import BLOCK, block_bootstrap
from dancenow.keypoints import BODY, MIN_CONFIDENCE, Pose, load_pose, standing_height
from dancenow.kinds import TEXT_OR_NONE
from dancenow.pictures import read_png
from dancenow.pose.estimators.choosing import open_estimator
from dancenow.pose.estimators.estimator import largest_people
from dancenow.training.holdout import heldout, training_frame_count
from dancenow.video import media

log = logging.getLogger(__name__)

NEIGHBOURS = 5000  # most training poses among which the nearest is searched
# key: +1 if higher is better, -1 if lower is, 0 for neither
SIGNS = {key: sign for key, (_, sign, _) in (MEASURES | PART_MEASURES | TIME_MEASURES).items()}


class VideoFrames:
    """A video as a sized iterable of (height, width, 3) uint8 RGB, decoded anew on each pass."""

    def __init__(self, path: str | Path, width: int, height: int) -> None:
        self.path, self.width, self.height = path, width, height
        self.facts = media.probe(path)

    def __len__(self) -> int:
        return self.facts["frames"]

    def __iter__(self) -> Iterator[np.ndarray]:
        return media.decode(self.path, self.facts, self.width, self.height)


class ChosenFrames:
    """Some frames of a sequence, by their indices (T,), as a sized iterable."""

    def __init__(self, frames: Any, indices: np.ndarray | range) -> None:
        self.frames, self.indices = frames, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self.frames[index] for index in self.indices)

    def valid(self, number: int) -> np.ndarray | None:
        """(H, W) bool, what the frame `number` of these shows; None where it shows all."""
        return valid_of(self.frames, self.indices[number])


@dataclass(frozen=True)
class TrainingFrames:
    """What training saw of the target: a sequence of frames, and keypoints (N, 133, 3) px in the first N."""

    frames: Any
    keypoints: np.ndarray


@dataclass(frozen=True)
class EvaluationFiles:
    """Paths of what is compared and of the results.

    video: the result, of held-out footage those frames only; frames, target_pose, steady: the target's;
    decision, lpips: of the run. metrics, table, series: the JSON, the Markdown and the measures of each frame
    (dancenow.evaluation.series) to write. Of a transfer also truth, whose frame i shows frame i of the dance,
    and driving_pose.
    """

    video: str | Path
    background: str | Path
    frames: str | Path
    target_pose: str | Path
    steady: str | Path
    decision: str | Path
    lpips: str | Path
    metrics: str | Path
    table: str | Path
    series: str | Path
    truth: str | Path = ""
    driving_pose: str | Path = ""


def evaluate_transfer(files: EvaluationFiles, holdout: float, seed: int, threads: int) -> None:
    """Score a transfer against footage of the target performing the same dance.

    holdout: share of the target's footage that is not training footage.
    """
    target, training, background = _open_target(files, holdout)
    driving = load_pose(files.driving_pose)
    truth = Truth(VideoFrames(files.truth, target.width, target.height), background)
    _evaluate_files(files, truth, training, driving, seed, threads)


def evaluate_heldout(files: EvaluationFiles, holdout: float, seed: int, threads: int) -> None:
    """Score the reconstruction of the held-out end of the target's own footage; as `evaluate_transfer`.

    With a moving camera the framing is compared, where the frames show it.
    """
    target, training, background = _open_target(files, holdout)
    store = training.frames
    unseen = ChosenFrames(store, range(training_frame_count(len(store), holdout), len(store)))
    truth = Truth(unseen, background, unseen.valid)
    _evaluate_files(files, truth, training, heldout(target, holdout), seed, threads)


def evaluate(
    results: dict[str, Any],
    truth: Truth,
    training: TrainingFrames,
    driving: np.ndarray,
    estimator: Any,
    judges: dict,
    seed: int,
) -> dict:
    """Compare results, static background and nearest neighbour with the truth, frame by frame.

    results: {row: video}, gains are computed for the first; videos are sized iterables of T (H,
    W, 3) uint8 RGB frames, iterated more than once; driving: (T, 133, 3) px, the poses that the results were
    synthesized from; estimator: its detect(frames) finds the people again in results, background and truth;
    judges: as from lpips.load_judges. Returns a dict for JSON: frames, frames_compared (a person is seen in
    the truth), body_height_px, judges {measure: network}, bootstrap {seed, block}, scores {row: {measure:
    {mean, low, high}}} for the keys of MEASURES (LPIPS only if it is among the judges), gains {other row: the
    same, positive where the first row is better}. regions, pose and time hold scores and gains of their own:
    {row: {region: {measure}}}, {row: {"driving" or "truth": {part: {measure}}}} and {row: {measure}}; regions
    says on every which frame it was measured, and on how many. And, not for JSON, series: {row: all of these
    as (T,) float}. InputError when lengths differ or nobody is seen in the truth.
    """
    _check_lengths(results, truth.frames, driving)
    wanted = largest_people(estimator.detect(iter(truth.frames)))
    height = standing_height(wanted)
    if not np.isfinite(height):
        raise InputError("the truth: no frame shows a person from head to feet; name other footage")
    neighbours = nearest_neighbours(driving, training.keypoints)
    still = ChosenFrames([truth.background], np.zeros(len(wanted), int))
    rows = results | {BACKGROUND: still, NEIGHBOUR: ChosenFrames(training.frames, neighbours)}
    found = {row: largest_people(estimator.detect(iter(video))) for row, video in results.items()}
    nobody = largest_people(estimator.detect(iter([truth.background])))
    found[BACKGROUND] = np.repeat(nobody, len(wanted), axis=0)
    found[NEIGHBOUR] = training.keypoints[neighbours]
    pictures = measure_pictures(rows, truth, wanted, driving, height, judges)
    people = {
        row: regions[PERSON] | _body(found[row], wanted, height) for row, regions in pictures.images.items()
    }
    references = {"driving": driving, "truth": wanted}
    parts = {
        row: {name: part_series(poses, reference, height) for name, reference in references.items()}
        for row, poses in found.items()
    }
    return {
        "frames": len(wanted),
        "frames_compared": int(np.isfinite(people[BACKGROUND][LPIPS_FORM]).sum()),
        "body_height_px": round(height, 1),
        "judges": {measure: network.name for measure, network in judges.items()},
        "bootstrap": {"seed": seed, "block": BLOCK},
        **_section(people, seed),
        "regions": _regions(pictures, seed),
        "pose": _section(parts, seed),
        "time": _section(pictures.time, seed),
        "series": {
            row: people[row]
            | {"regions": pictures.images[row], "pose": parts[row], "time": pictures.time[row]}
            for row in rows
        },
    }


def nearest_neighbours(driving: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Index of the training pose nearest to each driving pose, (T,) int (the paper's baseline, eq. 6).

    driving: (T, 133, 3), training: (N, 133, 3), both in px of the target's frame, the driving ones
    normalised. The distance is the mean over the body keypoints present in both; a training pose that lacks
    more than half of the driving ones is no candidate unless all do. A driving pose without a person takes
    training frame 0. Of longer footage NEIGHBOURS training poses are looked at, evenly spaced over all of it
    (of twenty minutes, four a second), so that the time grows with T alone.
    """
    offered = evenly(len(training), NEIGHBOURS)
    driving, training = driving[:, BODY], training[offered][:, BODY]
    seen = training[..., 2] >= MIN_CONFIDENCE
    indices = []
    for pose in driving:
        both = seen & (pose[:, 2] >= MIN_CONFIDENCE)
        way = np.linalg.norm(training[..., :2] - pose[:, :2], axis=2)
        shared = both.sum(axis=1)
        mean = np.where(shared > 0, (way * both).sum(axis=1) / np.maximum(shared, 1), np.inf)
        enough = shared >= (pose[:, 2] >= MIN_CONFIDENCE).sum() / 2
        indices.append(int(np.where(enough, mean, np.inf).argmin() if enough.any() else mean.argmin()))
    return offered[np.array(indices, int)]


def _open_target(files: EvaluationFiles, holdout: float) -> tuple[Pose, TrainingFrames, np.ndarray]:
    """The target's pose, what training saw, and the background, (H, W, 3) uint8; all in the framing."""
    target, view = load_pose(files.target_pose), load_view(files.steady)
    known = target.keypoints[: training_frame_count(len(target.keypoints), holdout)]
    training = TrainingFrames(open_steady(files.frames, view.framed(), files.steady), known)
    return target, training, view.cut_framing(read_png(Path(files.background), (view.width, view.height)))


def _evaluate_files(
    files: EvaluationFiles, truth: Truth, training: TrainingFrames, driving: Pose, seed: int, threads: int
) -> None:
    began = time.monotonic()
    estimator, device = open_estimator(read_json(files.decision), threads), pick_device()
    prepare_exact(device, threads)  # after the estimator, whose networks may take TF32
    judging = read_json(files.lpips, known={"weights": TEXT_OR_NONE})
    report = {"lpips": {key: judging[key] for key in ("sha256", "reason")}} | evaluate(
        {RESULT: VideoFrames(files.video, driving.width, driving.height)},
        truth,
        training,
        driving.keypoints,
        estimator,
        load_judges(judging, device),
        seed,
    )
    page = markdown_page(report, Path(files.video).stem)
    log.info("%s, with 95 %% intervals:\n\n%s", files.video, page)
    log.info("%d frames compared in %.0f s", report["frames_compared"], time.monotonic() - began)
    save_series(files.series, report.pop("series"))
    write_json(files.metrics, report)
    write_text(files.table, page)


def _check_lengths(results: dict[str, Any], truth: Any, driving: Any) -> None:
    for row, video in results.items():
        if not len(video) == len(truth) == len(driving):
            raise InputError(
                f"the {row} has {len(video)} frames, truth {len(truth)}, driving pose {len(driving)}; "
                "only footage of the same dance, frame by frame, can be compared"
            )


def _body(found: np.ndarray, wanted: np.ndarray, height: float) -> dict[str, np.ndarray]:
    """{measure: (T,) float} of the whole body's pose errors of one row."""
    errors = np.array([pose_error(a, b, height) for a, b in zip(found, wanted, strict=True)])
    return {"pose_error": errors[:, 0], "missed": 100 * errors[:, 1], "pose_error_with_misses": errors[:, 2]}


def _regions(pictures: PictureSeries, seed: int) -> dict:
    """The report's part about the regions, KID among the scores."""
    series = pictures.images[BACKGROUND]
    measured = {name: int(np.isfinite(series[name][LPIPS_FORM]).sum()) for name in REGIONS}
    report = {"every": pictures.every, "frames": measured} | _section(pictures.images, seed)
    for region, kept in pictures.features.items():
        blocks = pictures.sampled[region] // BLOCK
        for row, scores in report["scores"].items():
            scores[region]["kid"] = kernel_distance(kept[row], kept[TRUTH], blocks, seed)
    return report


def _section(series: dict, seed: int) -> dict:
    """Scores of all rows and gains of the first over the others; series: {row: nested dicts of (T,)}."""
    first, *others = (row for row in series if row != TRUTH)
    gains = {row: _gains(series[first], series[row]) for row in others}
    return {"scores": _summary(series, seed), "gains": _summary(gains, seed)}


def _gains(better: dict, worse: dict) -> dict:
    """The gain of one row over another, frame by frame, in the same nested dicts; positive is better."""
    gains = {}
    for key, value in better.items():
        if isinstance(value, dict):
            gains[key] = _gains(value, worse[key])
        elif SIGNS[key]:
            # two infinite PSNRs have no difference; the means leave it out
            with np.errstate(invalid="ignore"):
                gains[key] = SIGNS[key] * (value - worse[key])
    return gains


def _summary(series: dict, seed: int) -> dict:
    """The same nested dicts with means and intervals in place of (T,) series."""
    return {
        key: _summary(value, seed) if isinstance(value, dict) else block_bootstrap(value, seed, BLOCK)
        for key, value in series.items()
    }
