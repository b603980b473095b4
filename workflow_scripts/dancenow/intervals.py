"""95 % intervals of numbers that come from a few stretches of time, each alike within itself."""

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

INTERVAL_QUANTILE = 0.975
LEAST_BLOCKS = 4  # of fewer, too few draws differ to speak of an interval
TOO_FEW = "too few"  # what stands in an interval's place then


def block_interval(
    value: float,
    draw: Callable[[], np.ndarray],
    blocks: int,
    groups: int = 1,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> dict:
    """{"mean": value, "low", "high"}: a number and its 95 % bootstrap interval over whole blocks.

    draw: called without arguments, returns the (R,) numbers of R draws of blocks with replacement; blocks:
    how many there are to draw from; groups: in how many videos, from each of which its own are drawn; limits:
    the least and the greatest that the number can be. low and high are None below LEAST_BLOCKS blocks of one
    video, or as few degrees of freedom of several.

    The quantiles of the draws are moved away from the value as Student's t is wider than the normal
    distribution, and by the share of the variance that a draw from n blocks lacks, (n - 1) / n (Hesterberg
    2015, "What teachers should know about the bootstrap"): as they are, those of four blocks cover 79 %.
    """
    freedom = blocks - groups
    if freedom < LEAST_BLOCKS - 1:
        return {"mean": value, "low": None, "high": None}
    wider = (
        student.ppf(INTERVAL_QUANTILE, freedom) / norm.ppf(INTERVAL_QUANTILE) * math.sqrt(blocks / freedom)
    )
    ends = value + wider * (np.quantile(draw(), [1 - INTERVAL_QUANTILE, INTERVAL_QUANTILE]) - value)
    low, high = np.clip(ends, *limits)
    return {"mean": value, "low": float(low), "high": float(high)}
