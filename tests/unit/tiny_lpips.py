"""Weights for an LPIPS of a few channels, as its package nests them."""

import numpy as np

SHAPES = ((11, 11, 3, 4), (5, 5, 4, 5), (3, 3, 5, 6), (3, 3, 6, 3), (3, 3, 3, 2))


def tiny_arrays():
    """The nested arrays of the package, two to six channels wide."""
    random = np.random.default_rng(5)
    convolutions, heads = {}, {}
    for layer, shape in enumerate(SHAPES):
        kernel = random.normal(0, 2 / np.prod(shape[:3]) ** 0.5, shape).astype(np.float32)
        convolutions[f"Conv_{layer}"] = {"kernel": kernel, "bias": np.full(shape[3], 0.1, np.float32)}
        head = random.uniform(0, 1, (1, 1, shape[3], 1)).astype(np.float32)
        heads[f"NetLinLayer_{layer}"] = {"Conv_0": {"kernel": head}}
    return {"AlexNet_0": convolutions} | heads
