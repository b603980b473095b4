"""What a stage requests from a cluster: memory and time, from the settings and a clip's frames.

Times are for one current GPU; memory is main memory, not the GPU's. Both are about twice what was measured
on the demo pair, where measured: too much waits a little longer in the queue, too little is killed, and
the next attempt requests more (`again`). A training's operations are counted, its speed is a guess; but it
continues from its checkpoint, so no single attempt has to be long enough (`training_again`).
"""

import math

DEMO_EDGE = 512  # px, long edge at which the measurements were taken
NODE_OVERHEAD_MB = 1000  # two Python interpreters of Snakemake in each Slurm job, and the imports of torch
# Operations a second in training, of one GPU. An H100 was measured at 23.5e12 (studio, pairs of 384x640 px),
# two CPU cores with bfloat16 instructions at .3e12 (demo) and .75e12 (paper).
PACE = 10e12
# What a frame costs in a step, all layers and backward, in units of the residual blocks alone, forward
PASSES = 5.5
# operations of the discriminators in a step on a pair, for each pixel and channel squared; with both, 1.0 to
# 1.9 times what torch counts
JUDGES = 420
VGG19 = 2.3e6  # operations for each pixel of a frame: two passes forward, one backward


def again(amount: float, attempt: int) -> int:
    """`amount` for the first attempt (1), half as much again for each later one; rounded up to an int."""
    return math.ceil(amount * (1 + attempt) / 2)


def generator_weights(network: dict) -> float:
    """Approximate number of the generator's weights: those of its residual blocks, nine tenths or more.

    network: the `train.generator` section. Two 3 x 3 convolutions a block; halvings double the channels.
    """
    return 18 * network["n_blocks"] * (network["channels"] * 2 ** network["n_downsample"]) ** 2


def training_steps(train: dict, frames: int) -> float:
    """Optimiser steps on a clip of `frames` frames; `train`: that section of the configuration."""
    if not train["epochs"]:
        return train["steps"]
    return math.ceil(train["epochs"] * frames * (1 - train["holdout"]) / train["batch"])


def training_memory(train: dict, edge: int) -> int:
    """MB of memory of one training; `edge`: frames.long_edge in px.

    40 bytes per weight are the weights, their gradient, Adam's two moments and the moving average, all in
    float32, and a checkpoint of them on its way to the disk. The demo was measured at 1500 MB on a CPU.
    """
    picture = 1000 * train["batch"] * (edge / DEMO_EDGE) ** 2
    return math.ceil(NODE_OVERHEAD_MB + 1000 + 40 * generator_weights(train["generator"]) / 1e6 + picture)


def step_operations(train: dict, edge: int, stage: str = "generator") -> float:
    """Floating-point operations of one training step: about those that torch counts, or more.

    train: that section of the configuration; edge: frames.long_edge in px, of a frame taken as square; stage:
    "generator", "enhancer" or "face". With an enhancer the generator before it sees half the edge, and what
    is built on it costs about twice as much.
    """
    network, grown = train["generator"], bool(train["enhancer"])
    seen = edge / 2 if grown else edge
    trunk = 2 * generator_weights(network) * (seen / network["unshuffle"] / 2 ** network["n_downsample"]) ** 2
    frame = PASSES * trunk * (2 if grown and stage != "generator" else 1)
    # of a face's square it is next to nothing
    if train["perceptual"] != "efficientnet-lite0" and stage != "face":
        frame += VGG19 * (edge if stage == "enhancer" else seen) ** 2
    judges = JUDGES * train["discriminator"]["channels"] ** 2 * (edge if stage == "enhancer" else seen) ** 2
    pairs = 1 - train["single_frame_share"]
    return train["batch"] * ((1 + pairs) * frame + pairs * judges)


def training_minutes(train: dict, edge: int, frames: int, stage: str = "generator") -> int:
    """Minutes of one training, twice what PACE says; arguments as of step_operations and training_steps."""
    per_step = 2 * step_operations(train, edge, stage) / PACE
    return math.ceil(20 + training_steps(train, frames) * per_step / 60)


def training_again(minutes: float, attempt: int, longest: int) -> int:
    """Minutes of an attempt: as `again`, `longest` at most; the next one goes on where it ended."""
    return min(longest, again(minutes, attempt))


def synthesis_memory(network: dict, edge: int) -> int:
    """MB of memory of synthesis; the demo was measured at 670 MB on a CPU. network: `train.generator`."""
    picture = 500 * (edge / DEMO_EDGE) ** 2
    return math.ceil(NODE_OVERHEAD_MB + 1000 + 8 * generator_weights(network) / 1e6 + picture)


def synthesis_minutes(edge: int, frames: float) -> int:
    """Minutes of synthesis `frames` frames; two CPU cores synthesize the demo's 11 a second."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 5 / 60)


def chunk_minutes(edge: int, frames: int, chunks: int, overlap: int) -> int:
    """Minutes of synthesis one of `chunks` chunks: of the longest that synthesis.chunks.split makes."""
    return synthesis_minutes(edge, min(frames, 1.5 * frames / chunks + overlap + 1))


def joining_minutes(edge: int, frames: int) -> int:
    """Minutes of decoding and encoding `frames` frames; 20 a second of the demo's size are assumed."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 20 / 60)


def detection_minutes(edge: int, frames: int) -> int:
    """Minutes of finding everyone in `frames` frames: five a second are assumed of openpifpaf on a GPU."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 5 / 60)


def scoring_minutes(edge: int, frames: int) -> int:
    """Minutes of scoring `frames` frames; each of the demo's takes half a second of CPU time."""
    return math.ceil(10 + frames * (edge / DEMO_EDGE) ** 2 / 2 / 60)
