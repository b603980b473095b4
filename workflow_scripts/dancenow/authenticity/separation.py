"""How well scores separate two classes of videos: ROC, the area under it, accuracy, intervals.

A score is a logit: above 0 the video counts as fake. `real` and `fake` are 1-D arrays of such scores.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest

from dancenow.intervals import BLOCK, block_interval

DRAWS = 1000


class Scores(NamedTuple):
    """Scores of one video: numbers (T,) int, the first frame of each pair, ascending; logits (T,) float."""

    numbers: np.ndarray
    logits: np.ndarray


def roc_curve(real: Any, fake: Any) -> tuple[np.ndarray, np.ndarray]:
    """(false alarms, hits), each (N,) from 0 to 1: shares of real and of fake above a falling threshold.

    Equal scores make one step, so a tie counts half in the area.
    """
    thresholds = np.unique(np.concatenate([real, fake]))[::-1]
    shares = [
        1 - np.searchsorted(np.sort(scores), thresholds, side="left") / len(scores) for scores in (real, fake)
    ]
    return tuple(np.concatenate([[0.0], share]) for share in shares)


def area(real: Any, fake: Any) -> float:
    """Area under the ROC curve: how often a fake scores above a real, ties counted half; 0.5 is chance."""
    false_alarms, hits = roc_curve(real, fake)
    return float((np.diff(false_alarms) * (hits[1:] + hits[:-1]) / 2).sum())


def accuracy(real: Any, fake: Any) -> float:
    """Mean of the shares of real and of fake scores on their side of 0, so that chance is 0.5."""
    return float(((real <= 0).mean() + (fake > 0).mean()) / 2)


def with_interval(
    statistic: Callable, classes: Sequence, seed: int, limits: tuple[float, float] = (0, 1)
) -> dict:
    """A statistic of the pairs of several videos and its 95 % bootstrap interval: {"mean", "low", "high"}.

    classes: one list of Scores per argument of `statistic`; limits: the least and the greatest that it can
    be. Neighbouring pairs are alike, so blocks of BLOCK frames are drawn with replacement, within each video.
    low and high are None where dancenow.intervals finds the blocks too few. The interval says how much the
    number depends on the frames of these videos, not on the people.
    """
    blocks = [[_blocks(scores) for scores in videos] for videos in classes]
    value = statistic(*(_joined(videos) for videos in blocks))

    def drawn() -> np.ndarray:
        draw = np.random.default_rng(seed)
        return np.array([statistic(*(_joined(videos, draw) for videos in blocks)) for _ in range(DRAWS)])

    counts = [len(video) for videos in blocks for video in videos]
    return block_interval(value, drawn, sum(counts), len(counts), limits)


def videos_right(real: Any, fake: Any) -> dict:
    """Number of videos judged correctly by the sign of their mean score: {"right", "of", "low", "high"}.

    low, high: the exact (Clopper-Pearson) 95 % interval of that share. Arguments as in `with_interval`.
    """
    right = [scores.logits.mean() <= 0 for scores in real] + [scores.logits.mean() > 0 for scores in fake]
    interval = binomtest(sum(right), len(right)).proportion_ci(0.95, "exact")
    return {
        "right": int(sum(right)),
        "of": len(right),
        "low": float(interval.low),
        "high": float(interval.high),
    }


def _blocks(scores: Any) -> list[np.ndarray]:
    """The logits of a video, an array for each block of BLOCK frames."""
    places = scores.numbers // BLOCK
    return np.split(scores.logits, np.flatnonzero(np.diff(places)) + 1)


def _joined(videos: Sequence, draw: np.random.Generator | None = None) -> np.ndarray:
    """All logits of some videos' blocks; with a generator, as many blocks as there are, drawn anew."""
    chosen = []
    for blocks in videos:
        picks = range(len(blocks)) if draw is None else draw.integers(0, len(blocks), len(blocks))
        chosen += [blocks[pick] for pick in picks]
    return np.concatenate(chosen)
