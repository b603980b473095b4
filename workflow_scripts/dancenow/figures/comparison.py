"""Compare several trainings on the same frames: means, intervals over frames and over seeds, the best."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

from dancenow.errors import InputError
from dancenow.evaluation.names import RESULT
from dancenow.evaluation.series import load_series
from dancenow.figures.measures import Key, describe, scores_by_row
from dancenow.files import read_json
from dancenow.intervals import INTERVAL_QUANTILE, block_bootstrap
from dancenow.kinds import means

# Six independent blocks all have the same sign by chance once in 32, fewer more often than once in 20.
LEAST_BLOCKS_TO_RANK = 6
NO_INTERVAL = {"mean": None, "low": None, "high": None}


class Row(NamedTuple):
    """One method: per seed a {key: {mean, low, high}} and a {key: (T,) floats}; keys: figures.measures."""

    scores: list
    series: list


class Cell(NamedTuple):
    """One method and one measure.

    frames, seeds, gain, gain_seeds: {mean, low, high}, None where there is none. frames: the mean over
    frames, and over trainings, with its 95 % interval over blocks of frames; seeds: the same mean with its
    95 % interval over trainings (Student's t); gain: by how much ours is better, paired frame by frame,
    positive is better; gain_seeds: the same paired training by training.
    trainings: how many. best: the best, or as good.
    """

    frames: dict
    seeds: dict
    gain: dict
    gain_seeds: dict
    trainings: int
    best: bool


class Comparison(NamedTuple):
    """cells: {method: {key: Cell}}, baselines first, ours last; facts: of the first evaluation."""

    cells: dict
    facts: dict

    def measured(self) -> list[Key]:
        """The keys that have a value for some method, in the order of the evaluation."""
        ordered = dict.fromkeys(key for cells in self.cells.values() for key in cells)
        return [
            key for key in ordered if any(key in cells and known(cells[key]) for cells in self.cells.values())
        ]


def known(cell: Cell) -> bool:
    """Whether the Cell has a value."""
    return cell.frames["mean"] is not None


def _scores_by_row(value: Any) -> bool:
    return means(value) and RESULT in value


def compare_files(
    names: Sequence[str], metrics_paths: Sequence[str | Path], series_paths: Sequence[str | Path]
) -> Comparison:
    """The Comparison of the evaluations in files.

    names: method of each file; a method with several files has several seeds, in the same order as the
    others. The last method is ours. The baselines are taken from its first file.
    """
    rows, baselines, facts = {}, {}, {}
    for name, metrics_path, series_path in zip(names, metrics_paths, series_paths, strict=True):
        report, series = read_json(metrics_path, known={"scores": _scores_by_row}), load_series(series_path)
        row = rows.setdefault(name, Row([], []))
        scores = scores_by_row(report)
        row.scores.append(scores.pop(RESULT))
        row.series.append(series.get(RESULT, {}))
        if name == names[-1] and not facts:
            facts = {key: report[key] for key in ("frames", "frames_compared", "bootstrap")}
            baselines = {
                other: Row([scores[other]], [series.get(other, {})])
                for other in report["scores"]
                if other != RESULT
            }
    return Comparison(compare(baselines | rows, **facts["bootstrap"]), facts)


def compare(rows: dict[str, Row], seed: int, block: int) -> dict[str, dict[Key, Cell]]:
    """{method: {key: Cell}} of {method: Row}, the last of them ours.

    seed, block: of dancenow.intervals.block_bootstrap. The best of a measure is marked, and those
    that follow it down to the first that is clearly worse. Clearly: the paired difference's interval over
    frames lies above zero, and over seeds, where there are any, too. Where a difference comes from fewer than
    LEAST_BLOCKS_TO_RANK blocks, or where nothing is clearly worse, none is marked.
    """
    ours = list(rows)[-1]
    cells = {name: {} for name in rows}
    for key in dict.fromkeys(key for row in rows.values() for one in row.scores for key in one):
        having = {name: row for name, row in rows.items() if all(key in one for one in row.scores)}
        frames = {name: _over_frames(row, key, seed, block) for name, row in having.items()}
        best = _best(having, frames, key, seed, block)
        for name, row in having.items():
            gain = gain_seeds = NO_INTERVAL
            if name != ours and ours in having:
                gain, gain_seeds = _difference(having[ours], row, key, seed, block)
            over = _over_seeds([one[key]["mean"] for one in row.scores])
            cells[name][key] = Cell(frames[name], over, gain, gain_seeds, len(row.scores), name in best)
    return cells


def _over_frames(row: Row, key: Key, seed: int, block: int) -> dict:
    if len(row.scores) == 1:
        return row.scores[0][key]
    if all(key in one for one in row.series):
        return block_bootstrap(_mean_series(row, key), seed, block)
    means = [one[key]["mean"] for one in row.scores]
    return NO_INTERVAL if None in means else NO_INTERVAL | {"mean": float(np.mean(means))}


def _over_seeds(means: list) -> dict:
    """Mean and Student's 95 % interval over trainings; the interval needs two."""
    if None in means:
        return NO_INTERVAL
    mean = float(np.mean(means))
    if len(means) < 2:
        return NO_INTERVAL | {"mean": mean}
    half = float(stdtrit(len(means) - 1, INTERVAL_QUANTILE) * np.std(means, ddof=1) / len(means) ** 0.5)
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _best(rows: dict[str, Row], frames: dict[str, dict], key: Key, seed: int, block: int) -> set[str]:
    """The methods to be marked, a set."""
    sign = describe(key).sign
    valued = [name for name in rows if frames[name]["mean"] is not None]
    if len(valued) < 2 or not sign:
        return set()
    first, *others = sorted(valued, key=lambda name: -sign * frames[name]["mean"])
    if any(_blocks(rows[first], rows[name], key, block) < LEAST_BLOCKS_TO_RANK for name in others):
        return set()
    tied = {first}
    for name in others:
        over_frames, over_seeds = _difference(rows[first], rows[name], key, seed, block)
        if over_frames["low"] > 0 and (over_seeds["low"] is None or over_seeds["low"] > 0):
            return tied
        tied.add(name)
    return set()


def _blocks(first: Row, second: Row, key: Key, block: int) -> int:
    """How many blocks have a frame in which both methods have a value."""
    if not all(key in one for row in (first, second) for one in row.series):
        return 0
    both = np.isfinite(np.subtract(*_pair(first, second, key)))
    return len(set((np.flatnonzero(both) // block).tolist()))


def _difference(better: Row, worse: Row, key: Key, seed: int, block: int) -> tuple[dict, dict]:
    """By how much one method is better than another: {mean, low, high} over frames, and over seeds."""
    sign = describe(key).sign
    if not sign or not all(key in one for row in (better, worse) for one in row.series):
        return NO_INTERVAL, NO_INTERVAL
    over_frames = block_bootstrap(sign * np.subtract(*_pair(better, worse, key)), seed, block)
    means = [[one[key]["mean"] for one in row.scores] for row in (better, worse)]
    if None in means[0] or None in means[1]:
        return over_frames, NO_INTERVAL
    # a baseline is not trained: one value stands against each of several seeds
    return over_frames, _over_seeds((sign * np.subtract(*np.broadcast_arrays(*means))).tolist())


def _pair(first: Row, second: Row, key: Key) -> list[np.ndarray]:
    """The two (T,) series of a paired difference; an infinite PSNR has none and becomes NaN."""
    series = [_mean_series(row, key) for row in (first, second)]
    _check_lengths(key, series)
    return [np.where(np.isfinite(values), values, np.nan) for values in series]


def _mean_series(row: Row, key: Key) -> np.ndarray:
    """(T,) mean over seeds, frame by frame."""
    series = [one[key] for one in row.series]
    _check_lengths(key, series)
    return np.mean(series, axis=0)


def _check_lengths(key: Key, series: Sequence[np.ndarray]) -> None:
    lengths = sorted({len(values) for values in series})
    if len(lengths) > 1:
        raise InputError(
            f"{'.'.join(key)}: evaluations of {lengths[0]} and {lengths[-1]} frames cannot be compared; "
            "delete the older results in results/metrics"
        )
