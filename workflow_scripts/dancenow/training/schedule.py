"""What changes over the steps of a training: the learning rate, and the decay of the moving average."""


def learning_rate(rate: float, decay_share: float, step: int, steps: int) -> float:
    """The rate of a step: constant, then linear to zero over the last `decay_share` share of all `steps`."""
    left = (steps - step) / max(1, steps * decay_share)
    return rate * min(1.0, left)


def average_decay(ema: float, step: int) -> float:
    """The decay of the moving average at a step: `ema`, and less at first.

    Otherwise the random start would stay in the average for a thousand steps.
    """
    return min(ema, (1 + step) / (10 + step))
