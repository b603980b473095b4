"""KID, the kernel distance of two sets of pictures (Bińkowski et al. 2018): like FID, for small samples.

FID fits a Gaussian and is biased with thousands of samples too few; the kernel distance has no such bias.
"""

import numpy as np

from dancenow.intervals import block_interval

ROWS = 256  # samples compared with all others at a time: all pairs of a film would be gigabytes


def kernel_distance(
    found: np.ndarray, wanted: np.ndarray, blocks: np.ndarray, seed: int, rounds: int = 2000
) -> dict:
    """The squared maximum mean discrepancy of two sets, sample i of one beside sample i of the other.

    found, wanted: (N, C) features; blocks: (N,) int, the stretch of time that a sample is from. The kernel is
    KID's, (x·y / C + 1)³, the estimate the unbiased one for as many samples in both sets (Gretton et al.
    2012, eq. 4): the mean of k(x, x') + k(y, y') - k(x, y') - k(x', y) over pairs of different samples. Pairs
    within a block are left out as well, because neighbouring frames are no independent samples. It can be a
    little below zero, and is zero for equal sets. Returns {"mean", "low", "high"} with the 95 % interval over
    `rounds` draws of whole blocks, seeded by `seed`; mean is None for fewer than two blocks, low and high
    where dancenow.intervals finds them too few.
    """
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    _, member = np.unique(blocks, return_inverse=True)
    count = int(member.max(initial=-1)) + 1
    if count < 2:
        return {"mean": None, "low": None, "high": None}
    belongs = np.eye(count)[member]
    sums, sizes = np.zeros((count, count)), belongs.sum(axis=0)
    for first in range(0, len(found), ROWS):
        some = slice(first, first + ROWS)
        x, y = found[some], wanted[some]
        pairs = _kernel(x, found) + _kernel(y, wanted) - _kernel(x, wanted) - _kernel(y, found)
        sums += belongs[some].T @ (pairs @ belongs)
    numbers = np.outer(sizes, sizes)
    for table in (sums, numbers):
        np.fill_diagonal(table, 0)

    def draw() -> np.ndarray:
        draws = np.random.default_rng(seed).integers(0, count, (rounds, count))
        places = count * np.arange(rounds)[:, None] + draws
        times = np.bincount(places.ravel(), minlength=rounds * count).reshape(rounds, count).astype(float)
        times = times[(times > 0).sum(axis=1) > 1]  # one block, drawn over and over, has no pairs
        return (times @ sums * times).sum(axis=1) / (times @ numbers * times).sum(axis=1)

    return block_interval(float(sums.sum() / numbers.sum()), draw, count)


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** 3
