"""Training steps and synthesized frames per second of the demo network, against the obvious alternatives.

    python benchmarks/networks.py [--threads 2] [--repeats 5]

Random weights and random pictures at the demo's window size; the variants take turns, so that a machine
that slows down slows all of them; medians. Each variant changes one thing of the row above it.
"""

import argparse
import statistics
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import torch
import yaml

from dancenow.device import pick_device, prepare
from dancenow.model.perceptual import choose, load_perceptual
from dancenow.training.settings import FirstSettings
from dancenow.training.trainer import Trainer

WINDOW = (256, 416)  # the middle one of the three that the demo takes
CHANNELS = {"skeleton": 3, "image": 3, "background": 3, "reference": 4, "mask": 1}
CONFIG = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())["train"]


def make_trainer(device, autocast, **generator):
    settings = CONFIG | {"generator": CONFIG["generator"] | generator}
    network = load_perceptual(choose("efficientnet-lite0"))
    return Trainer(FirstSettings.of(settings), network, device, autocast, 1000)


def step(trainer, pictures, still):
    """One training step, of single frames or of pairs."""
    trainer.single_frame_steps = sys.maxsize if still else 0
    trainer.train_step(pictures)


def synthesize(trainer, floats):
    with torch.inference_mode(), torch.autocast(**trainer.autocast):
        trainer.average(*floats)


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    device = pick_device()
    fast = prepare(device, options.threads)
    slow = fast | {"enabled": False}
    channels = CONFIG["generator"]["channels"]
    variants = {
        "demo": make_trainer(device, fast),
        "float32 instead of bfloat16": make_trainer(device, slow),
        "float32, no pixel unshuffle": make_trainer(device, slow, unshuffle=1),
    }
    pictures = {
        name: torch.randint(0, 256, (1, 2, count, WINDOW[1], WINDOW[0]), dtype=torch.uint8)
        for name, count in CHANNELS.items()
    }
    made = {name: ([], [], []) for name in variants}
    for repeat in range(options.repeats + 1):
        for name, trainer in variants.items():
            shown = ("skeleton", "image", "background", "reference")
            floats = [pictures[key][:, 0].to(device).float() / 255 for key in shown]
            kinds = (partial(step, trainer, pictures, still) for still in (True, False))
            for found, kind in zip(made[name], (*kinds, partial(synthesize, trainer, floats)), strict=True):
                began = time.perf_counter()
                kind()
                if device.type == "cuda":
                    torch.cuda.synchronize()
                # the first round compiles kernels and fills caches
                found += [time.perf_counter() - began] if repeat else []
    medians = {name: [statistics.median(found) for found in kinds] for name, kinds in made.items()}
    print(f"{device}, {options.threads} threads, window {WINDOW[0]}x{WINDOW[1]}, {channels} channels\n")
    print("| | still steps/s | demo faster by | steps of pairs/s | by | synthesized windows/s | by |")
    print("|---|---|---|---|---|---|---|")
    for name, seconds in medians.items():
        cells = [
            f"{1 / own:.2f} | {own / base:.1f}" for own, base in zip(seconds, medians["demo"], strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
