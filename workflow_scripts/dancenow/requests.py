"""What a stage asks a cluster for: memory and time, from the settings and a clip's frames.

Times are for one current GPU, memory is the machine's, not the GPU's. Both are about twice what was measured
on the demo pair, where anything was: too much waits a little longer in the queue, too little is killed, and
the next attempt asks for more (`again`).
"""

import math

DEMO_EDGE = 512  # px, long edge at which the measurements were taken
NODE_OVERHEAD_MB = 1000  # two Python interpreters of Snakemake in each Slurm job, and the imports of torch


def again(amount, attempt):
    """`amount` for the first attempt (1), half as much more for each later one; rounded up to an int."""
    return math.ceil(amount * (1 + attempt) / 2)


def generator_weights(network):
    """Approximate number of the generator's weights: those of its residual blocks, nine tenths or more.

    network: the `train.generator` section. Two 3 x 3 convolutions a block; halvings double the channels.
    """
    return 18 * network["blocks"] * (network["channels"] * 2 ** network["downs"]) ** 2


def training_steps(train, frames):
    """Optimiser steps on a clip of `frames` frames; `train`: that section of the configuration."""
    if not train["epochs"]:
        return train["steps"]
    return math.ceil(train["epochs"] * frames * (1 - train["holdout"]) / train["batch"])


def training_memory(train, edge):
    """MB of memory of one training; `edge`: frames.long_edge in px.

    40 bytes per weight are the weights, their gradient, Adam's two moments and the moving average, all in
    float32, and a checkpoint of them on its way to the disk. The demo was measured at 1500 MB on a CPU.
    """
    picture = 1000 * train["batch"] * (edge / DEMO_EDGE) ** 2
    return math.ceil(NODE_OVERHEAD_MB + 1000 + 40 * generator_weights(train["generator"]) / 1e6 + picture)


def training_minutes(train, edge, frames):
    """Minutes of one training; a tenth of a second per step of the demo's size is assumed, not measured."""
    size = max(1.0, generator_weights(train["generator"]) / 16e6)
    per_step = 0.1 * size * train["batch"] * (edge / DEMO_EDGE) ** 2
    return math.ceil(20 + training_steps(train, frames) * per_step / 60)


def painting_memory(network, edge):
    """MB of memory of painting; the demo was measured at 670 MB on a CPU. network: `train.generator`."""
    picture = 500 * (edge / DEMO_EDGE) ** 2
    return math.ceil(NODE_OVERHEAD_MB + 1000 + 8 * generator_weights(network) / 1e6 + picture)


def painting_minutes(edge, frames):
    """Minutes of painting `frames` frames; two CPU cores paint the demo's 11 a second."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 5 / 60)


def chunk_minutes(edge, frames, chunks, overlap):
    """Minutes of painting one of `chunks` chunks: of the longest that dancenow.chunks.split makes."""
    return painting_minutes(edge, min(frames, 1.5 * frames / chunks + overlap + 1))


def joining_minutes(edge, frames):
    """Minutes of decoding and encoding `frames` frames; 20 a second of the demo's size are assumed."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 20 / 60)


def detection_minutes(edge, frames):
    """Minutes of finding everyone in `frames` frames: five a second are assumed of openpifpaf on a GPU."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 5 / 60)


def scoring_minutes(edge, frames):
    """Minutes of scoring `frames` frames; each of the demo's takes half a second of CPU time."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 2 / 60)
