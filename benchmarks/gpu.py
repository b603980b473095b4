"""All that is to be known of a GPU, in one command of under ten minutes; one line where there is none.

    python benchmarks/gpu.py [--preset studio]

Needs the library and the packages of envs/torch.yaml, neither Snakemake nor a pose estimator. Prints a
Markdown table: milliseconds of a step on single frames and on pairs, of the GPU and as a ratio to the CPU's;
the share of the rate that a matrix product reaches; memory counted and measured; painting of 1024x512 px
with the face; padding as the networks have it and by copying slices; the loader's rate at 1024x576 px, batch
4, and how long a step of 25 ms waits for it; how far two processes on this one card (gloo) are from one
process; how far a step's losses and gradients are from the CPU's, and the bounds of both.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import numpy as np
import torch
import yaml
from torch import distributed
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from dancenow.device import cast_once, pick_device, precision_name, prepare
from dancenow.job import usable_cores
from dancenow.keypoints import COUNT, Pose
from dancenow.machine.steps import GRADIENTS, LOSSES, compare, make_trainer, pictures
from dancenow.model.face import FaceSynthesizer
from dancenow.model.networks import Generator
from dancenow.synthesis.synthesizer import Drawn, Synthesizer
from dancenow.training.dataset import ClipSampler, prefetch
from dancenow.training.memory import FLOAT32, count_step
from dancenow.training.settings import FaceSettings, FirstSettings
from dancenow.training.trainer import network_arguments

CPU = torch.device("cpu")
STAND_IN = 0.025  # seconds of a step that the loader is held against


def section(preset):
    """The `train` section of a preset."""

    def laid_over(base, changes):
        deeper = {
            key: laid_over(base[key], value) for key, value in changes.items() if _both(base, key, value)
        }
        return base | changes | deeper

    config = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())
    changes = config["presets"][preset].get("train", {})
    return laid_over(config["train"], changes) | {"compile": config["hardware"]["compile"]}


def _both(base, key, value):
    return isinstance(value, dict) and isinstance(base.get(key), dict)


def timed(work, device, repeats):
    """Median seconds of `work`, after two calls that do not count, of a single repeat one."""
    taken, warm = [], min(2, repeats)
    for _ in range(repeats + warm):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - began)
    return float(np.median(taken[warm:]))


def step_seconds(train, size, device, autocast, repeats):
    """(single, pair): seconds of a training step of the first stage."""
    trainer, given = make_trainer("first", train, device, autocast), pictures("first", train, size)

    def step(alone):
        trainer.step, trainer.single_frame_steps = 0, int(alone)
        trainer.update(given)

    return tuple(timed(partial(step, alone), device, repeats) for alone in (True, False))


def peak_rate(device, dtype, edge, repeats):
    """Operations a second of a square matrix product."""
    a, b = (torch.randn(edge, edge, device=device, dtype=dtype) for _ in range(2))
    return 2 * edge**3 / timed(lambda: a @ b, device, repeats)


def step_operations(train, size):
    """Floating-point operations of one step on a pair, counted."""
    given, make = pictures("first", train, size), partial(make_trainer, "first", train)
    with FlopCounterMode(display=False) as counter:
        count_step(make, given, size, FLOAT32)
    return counter.get_total_flops()


def memory(train, size, device, autocast):
    """(counted, measured) bytes of a step on a pair; measured on a GPU alone, else 0."""
    given = pictures("first", train, size)
    counted = count_step(partial(make_trainer, "first", train), given, size, autocast).peak(1)
    if device.type != "cuda":
        return counted, 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    step_seconds(train, size, device, autocast, 1)
    return counted, torch.cuda.max_memory_reserved(device)


def painting_rate(train, size, device, autocast, frames):
    """Frames a second that the networks paint, face and download included, drawing and encoding not."""
    width, height = size
    main = Generator(**network_arguments(FirstSettings.of(train))[0])
    settings = FaceSettings.of(train)
    face = Generator(**vars(settings.generator))
    main, face = (
        cast_once(each.to(device, memory_format=torch.channels_last), autocast) for each in (main, face)
    )
    behind = np.full((height, width, 3), 90, np.uint8) if train["generator"]["background"] else None
    painter = Synthesizer(main, behind, device, autocast, FaceSynthesizer(face, settings.face.size))
    random = torch.Generator().manual_seed(0)
    shape = (1, 3, height, width)
    skeleton = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
    reference = (
        torch.zeros(1, 4, height, width, dtype=torch.uint8) if train["generator"]["references"] else None
    )
    corners, visible = np.zeros((1, 2), np.int64), np.ones(1, bool)
    drawn = Drawn([0, 0, width, height], skeleton, reference, corners, visible)

    def paint():
        for _ in range(frames):
            painter.whole(drawn.window, painter.step(drawn))

    return frames / timed(paint, device, 3)


def padded_by_slices(x):
    """Reflection of one pixel at every edge, in x's memory format, which CUDA's own kernel gives up."""
    for side in (-2, -1):
        last = x.shape[side] - 2
        x = torch.cat([x.narrow(side, 1, 1), x, x.narrow(side, last, 1)], side)
    return x


def padding_seconds(device, channels, edge, repeats):
    """(own kernel, slices): seconds of a padded 3x3 convolution, forward and backward, channels last."""
    layer = torch.nn.Conv2d(channels, channels, 3).to(device, memory_format=torch.channels_last)
    x = torch.randn(1, channels, edge, edge, device=device).to(memory_format=torch.channels_last)

    def work(pad):
        layer(pad(x.detach().requires_grad_())).sum().backward()

    native = partial(F.pad, pad=(1, 1, 1, 1), mode="reflect")
    return tuple(timed(partial(work, pad), device, repeats) for pad in (native, padded_by_slices))


class Encoded:
    """Frames of noise as the store holds them, JPEG of quality 98, decoded when they are asked for."""

    def __init__(self, count, size):
        random = np.random.default_rng(0)
        rough = random.integers(0, 256, (count, size[1] // 8, size[0] // 8, 3), np.uint8)
        how = [cv2.IMWRITE_JPEG_QUALITY, 98]
        self.files = [cv2.imencode(".jpg", cv2.resize(frame, size), how)[1] for frame in rough]

    def __getitem__(self, index):
        return cv2.imdecode(self.files[index], cv2.IMREAD_COLOR_RGB)


def loading(size, batch, device, batches):
    """(batches a second by loading alone, share of the time in which a step of STAND_IN seconds waits)."""
    count = 24
    keypoints = np.random.default_rng(1).uniform(0.2, 0.8, (count, COUNT, 3)).astype(np.float32)
    keypoints[..., :2] *= size
    pose = Pose(keypoints, Fraction(25), *size, "benchmark", "none")
    sampler = ClipSampler(Encoded(count, size), pose, None, [size], count, batch, 0)
    began = time.perf_counter()
    for _ in prefetch(sampler, 0, batches, device):
        pass
    rate = batches / (time.perf_counter() - began)
    waited, given = 0.0, prefetch(sampler, 0, batches, device)
    began = requested = time.perf_counter()
    for _ in given:
        waited += time.perf_counter() - requested
        time.sleep(STAND_IN)
        requested = time.perf_counter()
    return rate, waited / (time.perf_counter() - began)


def gradients(train, size, device, batch, share=(0, 1)):
    """All gradients of the generator after one step on this process's share of a batch, in float32."""
    trainer = make_trainer("first", train, device, FLOAT32 | {"device_type": device.type})
    whole, part = pictures("first", train, size, batch), batch // share[1]
    given = {name: value[share[0] * part : (share[0] + 1) * part] for name, value in whole.items()}
    trainer.step = trainer.single_frame_steps = 0
    trainer.optimisers["generator"].step = lambda: None
    trainer.update(given)
    return torch.cat([weight.grad.flatten().cpu() for weight in trainer.generator.parameters()])


def two_processes(preset, size, device):
    """How far the gradients of two processes on one device are from one's, as a share."""
    with tempfile.TemporaryDirectory() as folder:
        words = [
            sys.executable,
            __file__,
            "--preset",
            preset,
            "--worker",
            folder,
            str(device),
            *map(str, size),
        ]
        processes = [subprocess.Popen([*words, str(rank)]) for rank in range(2)]
        try:
            failed = [process.wait(timeout=300) for process in processes]
        finally:
            for process in processes:
                process.kill()
        if any(failed):
            raise SystemExit("two processes on one device: one has failed; its message stands above")
        shared = torch.load(Path(folder) / "0.pt", weights_only=True)
    alone = gradients(section(preset), size, device, 2)
    return float((shared - alone).norm() / alone.norm())


def work(preset, folder, device, width, height, rank):
    """One of two processes: its gradients, averaged over both, to a file."""
    where, folder = torch.device(device), Path(folder)
    prepare(where, 1)
    # NCCL refuses two processes on one card
    distributed.init_process_group("gloo", f"file://{folder}/meeting", rank=int(rank), world_size=2)
    found = gradients(section(preset), (int(width), int(height)), where, 2, (int(rank), 2))
    torch.save(found, folder / f"{rank}.pt")
    distributed.destroy_process_group()


def rows(preset, device, size, painted, loaded, repeats, edge, cpu_repeats=1):
    """Yield (what, value) of each measurement. size: (w, h) px of the steps; painted, loaded: of the frames;
    edge: of the matrices.
    """
    threads, train = usable_cores(), section(preset)
    cpu = step_seconds(train, size, CPU, prepare(CPU, threads), cpu_repeats)
    autocast = prepare(device, threads)
    here = step_seconds(train, size, device, autocast, repeats)
    for name, mine, other in zip(("single-frame", "pair"), here, cpu, strict=True):
        yield (
            f"{preset}, {name} step, {size[0]}x{size[1]}",
            f"{1000 * mine:.1f} ms, CPU / GPU {other / mine:.1f}",
        )
    dtype = autocast["dtype"] if autocast["enabled"] else torch.float32
    peak, done = peak_rate(device, dtype, edge, repeats), step_operations(train, size) / here[1]
    share = f"{done / 1e12:.2f} of {peak / 1e12:.2f} TFLOP/s, {100 * done / peak:.0f} %"
    yield f"a pair step's share of a matrix product's rate, {precision_name(autocast)}", share
    counted, measured = (value / 2**30 for value in memory(train, size, device, autocast))
    yield "memory of a pair step, counted, measured", f"{counted:.2f} GB, {measured:.2f} GB"
    rate = painting_rate(train, painted, device, autocast, 8)
    yield f"painting {painted[0]}x{painted[1]} with the face", f"{rate:.1f} frames/s"
    own, slices = padding_seconds(device, train["generator"]["channels"] * 4, 64, repeats)
    yield "padded convolution: own kernel, slices", f"{1000 * own:.2f} ms, {1000 * slices:.2f} ms"
    rate, waiting = loading(loaded, 4, device, 16 * repeats)
    told = f"{rate:.1f} batches/s; a step of 25 ms waits {100 * waiting:.1f} % of the time"
    yield f"loading {loaded[0]}x{loaded[1]}, batch 4", told
    yield (
        "two processes on this device, gradients",
        f"{100 * two_processes(preset, (64, 96), device):.3g} % apart",
    )
    losses, slopes = compare(train, device)
    told = f"losses {100 * losses:.2g} % (bound {100 * LOSSES:.0f}), gradients {100 * slopes:.2g} % "
    right = "right" if losses <= LOSSES and slopes <= GRADIENTS else "WRONG: update the driver"
    yield "against the CPU, float32", f"{told}(bound {100 * GRADIENTS:.0f}): {right}"


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--preset", default="studio")
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.preset, *options.worker)
        return
    device = pick_device()
    if device.type != "cuda":
        sys.exit("no usable GPU: nothing is measured")
    print(f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, {usable_cores()} CPU cores\n")
    print("| what | measured |\n|---|---|")
    for what, value in rows(options.preset, device, (384, 640), (1024, 512), (1024, 576), 10, 8192):
        print(f"| {what} | {value} |", flush=True)


if __name__ == "__main__":
    main()
