"""Show the worst frames of a result, by its measures."""

import re
from pathlib import Path

import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.evaluation.names import RESULT
from dancenow.evaluation.series import load_series
from dancenow.figures.measures import HEADLINE, Key, describe
from dancenow.figures.moments import person_window, read_moments
from dancenow.figures.strips import Strip, print_strips, window
from dancenow.keypoints import load_pose
from dancenow.pose.draw import draw_pose

CASES = 6
CASES_APART_SECONDS = 1.0  # neighbouring frames fail alike: one is shown; closer in a short clip
CELL_INCHES = 1.4  # high, at most


def plot_failures(
    series_path: str | Path,
    video: str | Path,
    truth: str | Path,
    pose_path: str | Path,
    png: str | Path,
    pdf: str | Path,
    steady_path: str | Path | None = None,
) -> None:
    """The worst frames, the worst first: skeleton, truth, result, their difference; writes a PNG and a PDF.

    series_path: as of dancenow.evaluation.series; video: the result; truth: a video of the same frames, or a
    FrameStore (.avi) that ends with them, with its steady view; pose_path: the driving Pose, of the same
    frames or ending with them.
    """
    pose, series = load_pose(pose_path), load_series(series_path)[RESULT]
    count = max(map(len, series.values()))
    first = len(pose.keypoints) - count
    cases = worst_frames(series, min(round(CASES_APART_SECONDS * pose.fps), count // (2 * CASES)))
    moments = [moment for moment, _ in cases]
    boxes = [person_window(pose.keypoints[[first + m]], pose.width, pose.height) for m in moments]
    size = pose.width, pose.height
    if Path(truth).suffix == ".avi":
        store = open_steady_files(truth, steady_path, framed=True)
        wanted = [store[len(store) - count + moment] for moment in moments]
    else:
        wanted = read_moments(truth, moments, *size)
    shown = read_moments(video, moments, *size)
    rows = {
        "skeleton": [draw_pose(pose, first + moment) for moment in moments],
        "truth": wanted,
        "result": shown,
        "difference": [_difference(*pair) for pair in zip(shown, wanted, strict=True)],
    }
    notes = {"skeleton": [f"frame {first + moment}" for moment in moments]}
    notes["result"] = [_told(series, key, moment) for moment, key in cases]
    strips = [
        Strip(name, [window(*pair) for pair in zip(pictures, boxes, strict=True)], notes.get(name, []))
        for name, pictures in rows.items()
    ]
    print_strips([strips], png, pdf, CELL_INCHES)


def worst_frames(series: dict[Key, np.ndarray], apart: float) -> list[tuple[int, Key]]:
    """[(frame, key of the measure that is worst there)], at most CASES, the worst first.

    series: {key: (T,) floats}. How bad a measure is: how far it lies on the bad side of its median, in units
    of its median absolute deviation (of its standard deviation, where that is 0). A frame is as bad as its
    worst measure; chosen frames lie at least `apart` frames from each other.
    """
    keys = [key for key in HEADLINE if key in series and describe(key).sign]
    badness = np.stack([_badness(series[key], describe(key).sign) for key in keys])
    worst, chosen = badness.max(axis=0), []
    for frame in np.argsort(-worst, kind="stable").tolist():
        if np.isfinite(worst[frame]) and all(abs(frame - other) >= apart for other, _ in chosen):
            chosen.append((frame, keys[int(badness[:, frame].argmax())]))
        if len(chosen) == CASES:
            break
    return chosen


def _badness(values: np.ndarray, sign: int) -> np.ndarray:
    """(T,) float: deviations from the median towards the worse; -inf without a value."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(values), -np.inf)
    off = sign * (np.median(values[known]) - values)
    scale = np.median(np.abs(off[known])) or np.std(off[known])
    return np.where(known, off / scale if scale else 0.0, -np.inf)


def _told(series: dict[Key, np.ndarray], key: Key, moment: int) -> str:
    measure, values = describe(key), series[key]
    median = np.median(values[np.isfinite(values)])
    name = re.split(r"[,(↑↓]", measure.title)[0].strip()
    return f"{name} {values[moment]:.{measure.decimals}f}, median {median:.{measure.decimals}f}"


def _difference(image: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(H, W) uint8, dark where they differ, mean over the colours."""
    return np.rint(255 - np.abs(image.astype(float) - truth).mean(axis=2)).astype(np.uint8)
