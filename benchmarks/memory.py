"""Peak memory of a training step, by preset, stage, size and batch: as it is counted, and as it is.

    python benchmarks/memory.py [--threads 2] [--measure smoke demo] [--batches 1 2 4]
    python benchmarks/memory.py --presets paper --stages first --measure paper --batches 1

Counted is what the check before a training says (dancenow.training.memory), for bfloat16 and for float32.
Measured are two real steps on random pictures in a process of their own: what the process, or the GPU, has
held at most beyond what it held before. Presets that are not named under --measure are only counted.
"""

import argparse
import json
import os
import resource
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import torch
import yaml

from dancenow.device import pick_device, prepare
from dancenow.machine.steps import make_trainer, pictures
from dancenow.training.memory import count_step

CONFIG = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())
# the largest windows of alice, and the published sizes
SIZES = {"smoke": (160, 192), "demo": (416, 480), "studio": (832, 960), "paper": (512, 256)}


def laid_over(base, changes):
    """A section of the configuration with a preset's over it."""
    merged = dict(base)
    for key, value in changes.items():
        deeper = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = laid_over(base[key], value) if deeper else value
    return merged


def stages(preset):
    """(name, `train` section, size) of each of the preset's stages."""
    train, size = laid_over(CONFIG["train"], CONFIG["presets"][preset].get("train", {})), SIZES[preset]
    yield "first", train, size
    double = tuple(2 * edge for edge in size)
    if train["enhancer"]:
        yield "enhancer", train, double
    if train["face"] and train["enhancer"]:  # behind a first stage alone it takes less than that
        yield "face", train, double


def load_libraries(autocast):
    """A tiny step: torch loads its optimisers with the first, 70 to 170 MB that belong to no training."""
    layer = torch.nn.Conv2d(3, 4, 3)
    optimiser = torch.optim.Adam(layer.parameters())
    with torch.autocast(**autocast):
        layer(torch.zeros(1, 3, 8, 8)).sum().backward()
    optimiser.step()


def measure(stage, train, size, batch, device, autocast):
    """Bytes that two steps have taken at most, in a process of their own."""
    read, write = os.pipe()
    if not (child := os.fork()):
        load_libraries(autocast)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        trainer = make_trainer(stage, train, device, autocast)
        trainer.step = trainer.single_frame_steps
        for _ in range(2):
            trainer.update(pictures(stage, train, size, batch))
        taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
        if device.type == "cuda":
            taken = torch.cuda.max_memory_allocated(device)
        os.write(write, json.dumps(taken).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as answer:
        return json.loads(answer.read() or "null")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--presets", nargs="*", default=["smoke", "demo", "studio", "paper"])
    parser.add_argument("--stages", nargs="*", default=["first", "enhancer", "face"])
    parser.add_argument("--measure", nargs="*", default=["smoke", "demo"])
    parser.add_argument("--batches", type=int, nargs="*", default=[1, 2, 4])
    options = parser.parse_args()
    device = pick_device()
    fast = prepare(device, options.threads)
    print("| preset | stage | size | batch | counted, bfloat16 | counted, float32 | measured |")
    print("|---|---|---|---|---|---|---|")
    for preset in options.presets:
        for stage, train, size in stages(preset):
            for batch in options.batches if stage in options.stages else ():
                given = pictures(stage, train, size, batch)
                make = partial(make_trainer, stage, train)
                casts = (fast | {"enabled": on} for on in (True, False))
                taken = [count_step(make, given, size, cast).peak(batch) for cast in casts]
                if preset in options.measure:
                    taken.append(measure(stage, train, size, batch, device, fast))
                cells = [f"{value / 2**30:.2f} GB" for value in taken if value] + [""] * (3 - len(taken))
                row = [preset, stage, "x".join(map(str, size)), str(batch), *cells]
                print(f"| {' | '.join(row)} |", flush=True)
    precision = "bfloat16" if fast["enabled"] else "float32"
    print(f"\n{device}, {options.threads} threads; measured in {precision}")


if __name__ == "__main__":
    main()
