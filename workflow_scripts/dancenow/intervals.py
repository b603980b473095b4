"""95 % intervals of means over time series, whose frames are correlated: bootstrap over blocks."""

import math
from collections.abc import Callable

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

INTERVAL_QUANTILE = 0.975
LEAST_BLOCKS = 4  # with fewer, too few draws differ for an interval
TOO_FEW = "too few"  # shown instead of an interval


def block_interval(
    value: float,
    draw: Callable[[], np.ndarray],
    blocks: int,
    groups: int = 1,
    limits: tuple[float, float] = (-math.inf, math.inf),
) -> dict:
    """{"mean": value, "low", "high"}: a number and its 95 % bootstrap interval over whole blocks.

    draw: called without arguments, returns the (R,) values of R draws of blocks with replacement; blocks:
    number of blocks; groups: number of videos, from each of which blocks are drawn separately; limits:
    least and greatest possible value. low and high are None below LEAST_BLOCKS blocks of one
    video, or as few degrees of freedom for several.

    The quantiles of the draws are widened around the value by the ratio of Student's t to the normal
    distribution, and to make up for the variance that a draw from n blocks lacks, (n - 1) / n (Hesterberg
    2015, "What teachers should know about the bootstrap"): without this, four blocks cover 79 %.
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
