"""Real footage, or a result of this workflow? The split by person, the training, and the verdict.

Nobody whom the detector learned from is used for testing, as target or as source.
"""

import logging
import math
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dancenow.authenticity.detector import (
    Detector,
    judge_squares,
    load_detector,
    save_detector,
    train_detector,
)
from dancenow.authenticity.detector_data import common_edge, degrade, draw_squares, read_pairs
from dancenow.authenticity.separation import Scores, with_interval
from dancenow.device import pick_device, prepare_exact
from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.intervals import written
from dancenow.planning.pairs import names_of, targets_of
from dancenow.video.media import CRF, probe

log = logging.getLogger(__name__)

SQUARES = 4096  # squares of each kind, real and fake, in training: 100 MB
# (x264's CRF, divisor of the size): it learns from every video, real or fake, as written and in these forms,
# because a detector trained on one compression called everything coarser fake, and one trained on one
# size recognised other people's results less clearly
FORMS = ((23, 1), (30, 1), (CRF, 2))
PAIRS = 100  # at most so many pairs of consecutive frames per video
ACCURACY_UNKNOWN = "no held-out subject: accuracy unknown"


def train_on_videos(
    real: list, fake: list, pairs: list[str], output: str | Path, steps: int, seed: int, threads: int
) -> None:
    """Train a detector and write it to `output`.

    real, fake: paths of videos that media.encode wrote; pairs: what they show, as in the configuration.
    InputError when there are none.
    """
    if not pairs:
        raise InputError(
            "config: authenticity.train: names no transfer, so there is nothing to learn from; add at least "
            "one {target}_as_{source}"
        )
    with tempfile.TemporaryDirectory() as folder:
        forms = [_in_all_forms(paths, folder) for paths in (real, fake)]
        edge = common_edge([path for paths in forms for path in paths])
        log.info("drawing %d squares of %d px, half of them real", 2 * SQUARES, edge)
        genuine, synthetic = (draw_squares(paths, SQUARES, edge, seed) for paths in forms)
    detector, losses = train_detector(genuine, synthetic, steps, seed, threads)
    description = {
        "real": targets_of(pairs),
        "fake": sorted(pairs),
        "steps": steps,
        "seed": seed,
        "edge": edge,
        "long_edges": sorted({long_edge(path) for path in (*real, *fake)}),
        "loss": round(float(np.mean(losses[-20:])), 4),
    }
    save_detector(output, detector, description)


def score(detector: Detector, pairs: Iterable) -> Scores:
    """Scores of a video. pairs: as from detector_data.read_pairs."""
    found = [(number, judge_squares(detector, squares)) for number, squares in pairs]
    return Scores(*(np.array(column) for column in zip(*found, strict=True)))


@dataclass(frozen=True)
class JudgedFiles:
    """Paths of a video, of the detector and of its report, as from rule test_detector.

    frames: what the frame store says of a subject's clip (JSON), None for a result.
    """

    video: str | Path
    detector: str | Path
    report: str | Path
    frames: str | Path | None = None


def judge_video(files: JudgedFiles, output: str | Path, name: str, seed: int, threads: int) -> None:
    """Judge a video of the configuration and write the JSON `output`.

    name: {subject} or {target}_as_{source}. The JSON has verdict ("real", "fake", or "undecided" where the
    interval of the mean logit holds 0, where the video is too short for one or of another scale than what the
    detector learned from), scaled (None or how), pairs, share_fake and logit (with intervals),
    probability_fake, trained_on, seen_in_training (names), heldout_accuracy (None where it is unknown) and
    summary, all of it in a sentence.
    """
    device = pick_device()
    prepare_exact(device, threads)
    clips = read_json(files.frames)["clips"] if files.frames else None
    accuracy = read_json(files.report)["accuracy"]
    found = find(files.video, clips, files.detector, accuracy, names_of([name]), seed, device)
    log.info("%s: %s", files.video, found["summary"])
    write_json(output, {"video": str(files.video)} | found)


def find(
    video: str | Path,
    clips: list | None,
    detector_path: str | Path,
    accuracy: dict | None,
    names: list[str],
    seed: int,
    device: torch.device | str = "cpu",
) -> dict:
    """What judge_video writes for a video of `names`. clips: as in told_scale; accuracy: from report.json."""
    detector, description = load_detector(detector_path)
    detector = detector.to(device)
    scores = score(detector, read_pairs(video, PAIRS, description["edge"]))
    found = decide(scores, seed)
    scaled = told_scale(video, clips, description["long_edges"])
    if scaled:
        found["verdict"] = "undecided"
    found |= {
        "scaled": scaled,
        "trained_on": {key: description[key] for key in ("real", "fake")},
        "seen_in_training": sorted(set(names) & set(names_of(description["fake"]))),
        "heldout_accuracy": accuracy,
    }
    return found | {"summary": summarise(found)}


def long_edge(video: str | Path) -> int:
    """The longer edge of a video's picture, px."""
    facts = probe(video)
    return max(facts["width"], facts["height"])


def told_scale(video: str | Path, clips: list | None, learned: list[int]) -> str | None:
    """Why a video has another scale than the training videos, in words; None if it has not.

    clips: what probing says of the files that a subject's footage was read from, None for a result; learned:
    long edges, px. The traces that the detector uses do not survive scaling.
    """
    edge = long_edge(video)
    if edge not in learned:
        known = " or ".join(map(str, learned))
        return f"its longer edge has {edge} px, the detector learned from {known} px"
    filmed = [
        max(clip["crop"][2:] if clip["crop"] else (clip["width"], clip["height"])) for clip in clips or []
    ]
    if filmed and min(filmed) < edge:
        return f"its file has {min(filmed)} px along the longer edge and was enlarged to {edge}"
    return None


def decide(scores: Scores, seed: int) -> dict:
    """The verdict on a video's Scores, with its numbers; a dict as in judge_video."""
    logit = with_interval(_mean, [[scores]], seed, limits=(-math.inf, math.inf))
    verdict = "undecided"
    if logit["low"] is not None:  # otherwise the video is too short for an interval, and thus for a verdict
        verdict = "fake" if logit["low"] > 0 else "real" if logit["high"] < 0 else "undecided"
    return {
        "verdict": verdict,
        "pairs": len(scores.logits),
        "share_fake": with_interval(_share_fake, [[scores]], seed),
        "logit": logit,
        "probability_fake": 1 / (1 + math.exp(-logit["mean"])),
    }


def summarise(found: dict) -> str:
    """A verdict of judge_video in one sentence: confidence, the detector's accuracy, its training people."""
    if found["scaled"]:
        return f"undecided: {found['scaled']}, and it cannot judge a video of another scale"
    share = found["share_fake"]
    agreeing = share["mean"] if found["verdict"] == "fake" else 1 - share["mean"]
    side = "real" if found["verdict"] == "undecided" else found["verdict"]
    sentence = (
        f"{found['verdict']}: {agreeing:.0%} of {found['pairs']} pairs of consecutive frames look {side}, "
        f"mean logit {written(found['logit'], 2)}"
    )
    accuracy = found["heldout_accuracy"]
    sentence += (
        f"; {ACCURACY_UNKNOWN}"
        if accuracy is None
        else f"; on people it had not seen, {accuracy['mean']:.0%} of the pairs were judged rightly"
    )
    if found["seen_in_training"]:
        seen = found["seen_in_training"]
        were = "was" if len(seen) == 1 else "were"
        sentence += f"; {' and '.join(seen)} {were} in the training set, so this is no test of the detector"
    return sentence


def _in_all_forms(paths: list, folder: str | Path) -> list:
    """The videos and their degraded copies, which are written to `folder`."""
    copies = []
    for path in paths:
        for crf, divisor in FORMS:
            copies.append(Path(folder) / f"{Path(path).stem}.{crf}.{divisor}.mp4")
            degrade(path, copies[-1], crf, divisor)
    return [*paths, *copies]


def _mean(logits: np.ndarray) -> float:
    return float(logits.mean())


def _share_fake(logits: np.ndarray) -> float:
    return float((logits > 0).mean())
