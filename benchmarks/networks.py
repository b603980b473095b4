"""Training steps and painted frames per second of the demo network, against the obvious alternatives.

    python benchmarks/networks.py [--threads 2] [--repeats 5]

Random weights and random pictures at the demo's window size; the variants take turns, so that a machine
that slows down slows all of them; medians. Each variant changes one thing of the row above it.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import torch
import yaml

from dancenow.device import pick_device, prepare
from dancenow.perceptual import choose, load_perceptual
from dancenow.training import Trainer

WINDOW = (256, 416)  # the middle one of the three that the demo takes
CONFIG = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())["train"]


def make_trainer(device, autocast, **generator):
    settings = CONFIG | {"generator": CONFIG["generator"] | generator}
    network = load_perceptual(choose("efficientnet-lite0"))
    return Trainer(settings, network, device, autocast, 1000)


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
        name: torch.randint(0, 256, (1, 2, 3, WINDOW[1], WINDOW[0]), dtype=torch.uint8)
        for name in ("skeleton", "image", "plate")
    }
    steps, frames = {name: [] for name in variants}, {name: [] for name in variants}
    for repeat in range(options.repeats + 1):
        for name, trainer in variants.items():
            began = time.perf_counter()
            trainer.train_step(pictures)
            steps[name].append(time.perf_counter() - began)
            floats = [pictures[key][:, 0].to(device).float() / 255 for key in ("skeleton", "image", "plate")]
            began = time.perf_counter()
            with torch.inference_mode(), torch.autocast(**trainer.autocast):
                trainer.average(*floats)
            if device.type == "cuda":
                torch.cuda.synchronize()
            frames[name].append(time.perf_counter() - began)
        if repeat == 0:  # the first round compiles kernels and fills caches
            steps, frames = {name: [] for name in variants}, {name: [] for name in variants}
    base = statistics.median(steps["demo"]), statistics.median(frames["demo"])
    print(f"{device}, {options.threads} threads, window {WINDOW[0]}x{WINDOW[1]}, {channels} channels\n")
    print("| | steps/s | demo is faster by | painted frames/s | demo is faster by |\n|---|---|---|---|---|")
    for name in variants:
        step, frame = statistics.median(steps[name]), statistics.median(frames[name])
        print(f"| {name} | {1 / step:.2f} | {step / base[0]:.1f} | {1 / frame:.1f} | {frame / base[1]:.1f} |")


if __name__ == "__main__":
    main()
