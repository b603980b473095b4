"""95 % intervals of means over time series, whose frames are correlated: bootstrap over blocks."""

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri, stdtrit

INTERVAL_QUANTILE = 0.975
BLOCK = 25  # frames drawn together, because neighbours are alike
LEAST_BLOCKS = 4  # with fewer, too few draws differ for an interval
TOO_FEW = "too few"  # shown instead of an interval


def written(found: dict, decimals: int) -> str:
    """A {"mean", "low", "high"} with a mean as text: "0.12 [0.10, 0.14]", or TOO_FEW in the brackets."""
    ends = TOO_FEW if found["low"] is None else f"{found['low']:.{decimals}f}, {found['high']:.{decimals}f}"
    return f"{found['mean']:.{decimals}f} [{ends}]"


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
    # quantiles of the two distributions; scipy.stats has the same and takes half a second to import
    wider = stdtrit(freedom, INTERVAL_QUANTILE) / ndtri(INTERVAL_QUANTILE) * math.sqrt(blocks / freedom)
    ends = value + wider * (np.quantile(draw(), [1 - INTERVAL_QUANTILE, INTERVAL_QUANTILE]) - value)
    low, high = np.clip(ends, *limits)
    return {"mean": value, "low": float(low), "high": float(high)}


def block_bootstrap(values: np.ndarray, seed: int, block: int, rounds: int = 2000) -> dict:
    """Mean of a series and its 95 % interval: {"mean", "low", "high"}.

    values: (T,) floats in the order of time; values that are not finite are left out. Neighbouring frames are
    alike, so whole blocks of `block` frames are drawn with replacement (Künsch 1989), `rounds` times, from a
    generator seeded by `seed`. mean is None where nothing is finite, low and high where block_interval
    finds the blocks too few; neither lies beyond the least and the greatest of the values.
    """
    values = np.asarray(values, dtype=float)
    usable = np.isfinite(values)
    starts = np.arange(0, len(values), block)
    sums = np.add.reduceat(np.where(usable, values, 0), starts)
    counts = np.add.reduceat(usable.astype(float), starts)
    sums, counts = sums[counts > 0], counts[counts > 0]
    if not len(counts):
        return {"mean": None, "low": None, "high": None}

    def draw() -> np.ndarray:
        draws = np.random.default_rng(seed).integers(0, len(counts), (rounds, len(counts)))
        return sums[draws].sum(axis=1) / counts[draws].sum(axis=1)

    limits = values[usable].min(), values[usable].max()
    return block_interval(float(sums.sum() / counts.sum()), draw, len(counts), limits=limits)
