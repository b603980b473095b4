"""The detector's accuracy on people it never saw, and the control: report, page, ROC curve."""

import logging
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dancenow.authenticity.detector import Detector, load_detector
from dancenow.authenticity.detector_data import degrade, read_pairs, stored_pairs
from dancenow.authenticity.judge import ACCURACY_UNKNOWN, PAIRS, decide, score
from dancenow.authenticity.separation import accuracy, area, roc_curve, videos_right, with_interval
from dancenow.device import pick_device, prepare_exact
from dancenow.files import atomic_path, write_json, write_text
from dancenow.intervals import BLOCK, written
from dancenow.video import media

log = logging.getLogger(__name__)

WRITTEN = "as written"
AGAIN = (media.CRF, 1)
# applied to real and fake videos before they are judged: {title: (x264's CRF, divisor of the size)}
CONDITIONS = {
    WRITTEN: None,
    "re-encoded at CRF 23": (23, 1),
    "re-encoded at CRF 28": (28, 1),
    "re-encoded at CRF 35": (35, 1),
    "at half the size": (media.CRF, 2),
}
FILMED = "as filmed, against encoded once"
TWICE = "encoded once, against encoded twice"


def measure_detector(
    detector_path: str | Path, real: Any, fake: Any, footage: Any, seed: int, threads: int
) -> dict:
    """Judge videos of people that the detector never saw, and real footage against itself.

    real: {subject: path of its re-encoding}; fake: {pair: path of the result}; both empty if nobody is
    held out. footage: {subject: (path of its FrameStore, path of its re-encoding)} for the control.
    Returns a dict for JSON: trained_on, heldout, note, accuracy (of pairs, as written; None when nobody is
    held out), conditions {title: accuracy, area, videos}, videos {name: as judge.decide}, curve
    {false_alarms, hits}, control {title: accuracy, area}, control_subjects, bootstrap.
    """
    device = pick_device()
    prepare_exact(device, threads)
    detector, description = load_detector(detector_path)
    detector = detector.to(device)
    report = {
        "trained_on": {key: description[key] for key in ("real", "fake", "steps", "seed", "edge")},
        "heldout": {"real": sorted(real), "fake": sorted(fake)},
        "note": None if fake else ACCURACY_UNKNOWN,
        "accuracy": None,
        "conditions": {},
        "videos": {},
        "curve": None,
        "bootstrap": {"seed": seed, "block": BLOCK},
    }
    edge = description["edge"]
    judge = partial(_score_treated, detector, edge)
    if fake:
        report |= _heldout(judge, real, fake, seed)
    # real footage as the fake side: only compression could distinguish these
    filmed = [score(detector, stored_pairs(frames, PAIRS, edge)) for frames, _ in footage.values()]
    once, twice = ([judge(path, treatment) for _, path in footage.values()] for treatment in (None, AGAIN))
    control = {FILMED: _separation(filmed, once, seed), TWICE: _separation(once, twice, seed)}
    return report | {"control_subjects": sorted(footage), "control": control}


def write_report(report: dict, json_path: str | Path, page_path: str | Path, figure_path: str | Path) -> None:
    """The report of measure_detector as JSON, as a Markdown page and as a picture (PNG) of its ROC curve."""
    write_json(json_path, report)
    write_text(page_path, markdown(report, Path(figure_path).name))
    with atomic_path(figure_path) as whole:
        plot_curve(report).savefig(whole, dpi=150)


def markdown(report: dict, figure: str) -> str:
    """The page. figure: file name of the picture beside it."""
    trained = report["trained_on"]
    lines = [
        "# Real footage or a result of this workflow?",
        "",
        f"Learned from the clips of {', '.join(trained['real'])} and from {', '.join(trained['fake'])}: "
        f"{trained['steps']} steps, seed {trained['seed']}.",
        "",
    ]
    if report["note"]:
        lines += [f"**{report['note']}.** Add a pair of two other subjects to `authenticity.heldout`.", ""]
    else:
        lines += [*_tables(report), f"![ROC]({figure})", ""]
    lines += [
        "## Control: real footage against itself",
        "",
        f"Clips of {', '.join(report['control_subjects'])}. The second side, real as well, counts as fake: "
        "0.5 is chance. Anything else would be a trace of the compression.",
        "",
        "| | accuracy of pairs | area under the ROC |",
        "|---|---|---|",
        *(
            f"| {title} | {written(row['accuracy'], 2)} | {written(row['area'], 2)} |"
            for title, row in report["control"].items()
        ),
        "",
        f"Intervals are 95 % bootstrap intervals over blocks of {BLOCK} frames within each video; they do "
        "not say how the numbers would be on other people.",
        "",
    ]
    return "\n".join(lines)


def plot_curve(report: dict) -> Figure:
    """The ROC curve of the pairs, or the plain statement that there is none; a matplotlib Figure."""
    figure = Figure(figsize=(4, 4), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="chance")
    if report["curve"]:
        whole = report["conditions"][WRITTEN]["area"]
        label = f"pairs of frames, area {written(whole, 2)}"
        axis.plot(report["curve"]["false_alarms"], report["curve"]["hits"], color="black", label=label)
    else:
        axis.text(0.5, 0.55, report["note"].replace(": ", ":\n"), ha="center", va="bottom")
    axis.set(xlabel="real pairs judged fake", ylabel="fake pairs judged fake", aspect="equal")
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axis.legend(loc="lower right", fontsize="small")
    return figure


def _heldout(judge: Callable, real: Any, fake: Any, seed: int) -> dict:
    """The part of the report that needs held-out videos; judge: as _score_treated, less its detector."""
    conditions = {}
    for title, treatment in CONDITIONS.items():
        found = [{name: judge(path, treatment) for name, path in paths.items()} for paths in (real, fake)]
        classes = [list(scores.values()) for scores in found]
        conditions[title] = _separation(classes[0], classes[1], seed) | {"videos": videos_right(*classes)}
        log.info("%s: accuracy of pairs %s", title, written(conditions[title]["accuracy"], 2))
        if title == WRITTEN:
            videos = {name: decide(scores, seed) for side in found for name, scores in side.items()}
            false_alarms, hits = roc_curve(*(_logits(side) for side in classes))
    curve = {"false_alarms": false_alarms.round(4).tolist(), "hits": hits.round(4).tolist()}
    accuracies = {"accuracy": conditions[WRITTEN]["accuracy"]}
    return accuracies | {"conditions": conditions, "videos": videos, "curve": curve}


def _score_treated(detector: Detector, edge: int, path: str | Path, treatment: tuple | None) -> Any:
    """Scores of a video that was degraded first, unless `treatment` is None."""
    if treatment is None:
        return score(detector, read_pairs(path, PAIRS, edge))
    with tempfile.TemporaryDirectory() as folder:
        treated = Path(folder) / "treated.mp4"
        degrade(path, treated, *treatment)
        return score(detector, read_pairs(treated, PAIRS, edge))


def _separation(real: Any, fake: Any, seed: int) -> dict:
    classes = [real, fake]
    return {
        "accuracy": with_interval(accuracy, classes, seed),
        "area": with_interval(area, classes, seed),
    }


def _logits(videos: list) -> np.ndarray:
    return np.concatenate([scores.logits for scores in videos])


def _tables(report: dict) -> list[str]:
    """Lines: the numbers under each condition, then each video's."""
    lines = [
        "| held-out people | accuracy of pairs | area under the ROC | videos judged rightly |",
        "|---|---|---|---|",
    ]
    for title, row in report["conditions"].items():
        videos = row["videos"]
        videos_right = f"{videos['right']} of {videos['of']} [{videos['low']:.2f}, {videos['high']:.2f}]"
        lines.append(
            f"| {title} | {written(row['accuracy'], 2)} | {written(row['area'], 2)} | {videos_right} |"
        )
    lines += ["", "| video | in truth | verdict | pairs judged fake | mean logit |", "|---|---|---|---|---|"]
    for name, row in report["videos"].items():
        truth = "fake" if name in report["heldout"]["fake"] else "real"
        numbers = f"{written(row['share_fake'], 2)} | {written(row['logit'], 2)}"
        lines.append(f"| {name} | {truth} | {row['verdict']} | {numbers} |")
    return [*lines, ""]
