"""All that is to be known of a GPU, in one command of under ten minutes; one line where there is none.

    python benchmarks/gpu.py [--preset studio] [--json gpu.json]

Needs torch, numpy, scipy, OpenCV, safetensors, tqdm and PyYAML, and neither Snakemake, ffmpeg, a pose
estimator, nor weights: where EfficientNet-Lite0 is not installed, VGG19 with random weights takes its place,
and the first row says so. Prints a Markdown table, each row as soon as it is there, and keeps the same in a
JSON file. A row that fails says why, the others follow, and the command ends with status 1.

Rows: milliseconds of a step on single frames and on pairs, of the GPU and as a ratio to the CPU's; the share
of a matrix product's rate that it reaches; memory counted and measured; synthesis of 1024x512 px with the
face; how far a step's losses and gradients are from the CPU's, and two processes on this one card (gloo) from
one, with the bounds of both; padding as the networks have it and by copying slices; the loader's rate at
1024x576 px, batch 4, and how long a step of 25 ms waits for it (benchmarks/loading.py).
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from functools import cache, cached_property, partial
from pathlib import Path
from types import ModuleType

sys.path[:0] = [
    str(Path(__file__).resolve().parent),
    str(Path(__file__).resolve().parents[1] / "workflow_scripts"),
]
# the library imports it, and no video is read or written here
if "ffmpeg" not in sys.modules and importlib.util.find_spec("ffmpeg") is None:
    sys.modules["ffmpeg"] = ModuleType("ffmpeg")

import numpy as np
import torch
import yaml
from torch import distributed
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from dancenow.device import cast_once, exact_float32, pick_device, precision_name, prepare
from dancenow.errors import InputError, one_line
from dancenow.files import atomic_path
from dancenow.job import usable_cores
from dancenow.machine.steps import GRADIENTS, LOSSES, compare, installed_network, pictures
from dancenow.machine.steps import make_trainer as trainer_of
from dancenow.model.face import FaceSynthesizer
from dancenow.model.networks import Generator
from dancenow.model.perceptual import VGG19_CHANNELS, build_vgg19
from dancenow.synthesis.synthesizer import Drawn, Synthesizer
from dancenow.training.loading import loaders
from dancenow.training.memory import FLOAT32, count_step
from dancenow.training.settings import FaceSettings, FirstSettings
from dancenow.training.trainer import network_arguments
from loading import KINDS
from loading import row as loading_row

CPU = torch.device("cpu")


def section(preset):
    """The `train` section of a preset."""

    def laid_over(base, changes):
        deeper = {
            key: laid_over(base[key], value) for key, value in changes.items() if _both(base, key, value)
        }
        return base | changes | deeper

    config = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())
    changes = config["presets"][preset].get("train", {})
    return laid_over(config["train"], changes)


def _both(base, key, value):
    return isinstance(value, dict) and isinstance(base.get(key), dict)


@cache
def network_of():
    """What gives the perceptual network of all trainers here."""
    try:
        installed_network()
    except InputError:
        return random_vgg19
    return installed_network


def random_vgg19():
    """VGG19 up to relu5_1, always with the same random weights: its losses mean nothing, its cost is true."""
    random, layers, inputs, place = torch.Generator().manual_seed(0), {}, 3, 0
    for width in VGG19_CHANNELS:
        if width != "M":
            scale = (2 / (9 * inputs)) ** 0.5  # keeps the features' size through the layers
            weight = scale * torch.randn(width, inputs, 3, 3, generator=random)
            layers |= {f"features.{place}.weight": weight, f"features.{place}.bias": torch.zeros(width)}
            inputs = width
        place += 1 if width == "M" else 2
    return build_vgg19(layers)


def make_trainer(stage, train, device, autocast):
    """A new trainer, with the perceptual network that there is."""
    return trainer_of(stage, train, device, autocast, network_of())


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


def synthesis_rate(train, size, device, autocast, frames):
    """Frames a second that the networks synthesize, face and download included, drawing and encoding not."""
    width, height = size
    main = Generator(**network_arguments(FirstSettings.of(train))[0])
    settings = FaceSettings.of(train | {"face": train["face"] or section("paper")["face"]})
    face = Generator(**vars(settings.generator))
    main, face = (
        cast_once(each.to(device, memory_format=torch.channels_last), autocast) for each in (main, face)
    )
    behind = np.full((height, width, 3), 90, np.uint8) if train["generator"]["background"] else None
    synthesizer = Synthesizer(main, behind, device, autocast, FaceSynthesizer(face, settings.face.size))
    random = torch.Generator().manual_seed(0)
    shape = (1, 3, height, width)
    skeleton = torch.randint(0, 256, shape, dtype=torch.uint8, generator=random)
    reference = (
        torch.zeros(1, 4, height, width, dtype=torch.uint8) if train["generator"]["references"] else None
    )
    corners, visible = np.zeros((1, 2), np.int64), np.ones(1, bool)
    drawn = Drawn([0, 0, width, height], skeleton, reference, behind, corners, visible)

    def synthesize():
        for _ in range(frames):
            synthesizer.whole(drawn, synthesizer.step(drawn))

    return frames / timed(synthesize, device, 3)


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


def gradients(train, size, device, batch, share=(0, 1)):
    """All gradients of the generator after one step on this process's share of a batch, in exact float32."""
    trainer = make_trainer("first", train, device, FLOAT32 | {"device_type": device.type})
    whole, part = pictures("first", train, size, batch), batch // share[1]
    given = {name: value[share[0] * part : (share[0] + 1) * part] for name, value in whole.items()}
    trainer.step = trainer.single_frame_steps = 0
    trainer.optimisers["generator"].step = lambda: None
    with exact_float32():
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
            raise RuntimeError("one of the two has failed; its message stands above")
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


class Measurements:
    """The values of the rows, in words; what several of them need is measured once.

    size: (w, h) px of the steps; cpu_repeats: of the steps on the CPU.
    """

    def __init__(self, preset, device, size, repeats, cpu_repeats=1):
        self.preset, self.train, self.threads = preset, section(preset), usable_cores()
        self.device, self.size, self.repeats, self.cpu_repeats = device, size, repeats, cpu_repeats

    def prepared(self):
        """The autocast of the device, which is set up for it."""
        return prepare(self.device, self.threads)

    @cached_property
    def seconds(self):
        return step_seconds(self.train, self.size, self.device, self.prepared(), self.repeats)

    @cached_property
    def cpu_seconds(self):
        found = step_seconds(self.train, self.size, CPU, prepare(CPU, self.threads), self.cpu_repeats)
        self.prepared()
        return found

    def network(self):
        return network_of()().name + (" with random weights" if network_of() is random_vgg19 else "")

    def step(self, kind):
        return f"{1000 * self.seconds[kind]:.1f} ms"

    def ratio(self, kind):
        return f"{self.cpu_seconds[kind] / self.seconds[kind]:.1f}"

    def share(self, edge):
        autocast = self.prepared()
        dtype = autocast["dtype"] if autocast["enabled"] else torch.float32
        peak = peak_rate(self.device, dtype, edge, self.repeats)
        done = step_operations(self.train, self.size) / self.seconds[1]
        return f"{done / 1e12:.2f} of {peak / 1e12:.2f} TFLOP/s, {100 * done / peak:.0f} %"

    def bytes_taken(self):
        counted, measured = memory(self.train, self.size, self.device, self.prepared())
        return f"{counted / 2**30:.2f} GB, {measured / 2**30:.2f} GB"

    def synthesis(self, size):
        return f"{synthesis_rate(self.train, size, self.device, self.prepared(), 8):.1f} frames/s"

    def padding(self):
        channels = self.train["generator"]["channels"] * 4
        own, slices = padding_seconds(self.device, channels, 64, self.repeats)
        return f"{1000 * own:.2f} ms, {1000 * slices:.2f} ms"

    def shared(self):
        apart = two_processes(self.preset, (64, 96), self.device)
        right = "right" if apart <= GRADIENTS else "WRONG"
        return f"{100 * apart:.3g} % (bound {100 * GRADIENTS:.0f}): {right}"

    def against_cpu(self):
        losses, slopes = compare(self.train, self.device, network_of=network_of())
        right = "right" if losses <= LOSSES and slopes <= GRADIENTS else "WRONG: update the driver"
        told = f"losses {100 * losses:.2g} % (bound {100 * LOSSES:.0f}), gradients {100 * slopes:.2g} % "
        return f"{told}(bound {100 * GRADIENTS:.0f}): {right}"


def measurements(preset, device, size, synthesized, loaded, repeats, edge, cpu_repeats=1):
    """{what: function that gives its value, in words}. size: (w, h) px of the steps; synthesized, loaded: of
    the frames; edge: of the matrices.
    """
    of = Measurements(preset, device, size, repeats, cpu_repeats)
    precision = precision_name(of.prepared())
    kinds = f"{preset}, {{}} step, {size[0]}x{size[1]}"
    batches = 4 * loaders() if repeats > 1 else 2
    loading = {
        f"loading {loaded[0]}x{loaded[1]}, batch 4, {kind}": partial(loading_row, loaded, 4, kind, batches)
        for kind in KINDS
    }
    # what is only to be had here comes first
    return {
        "perceptual network": of.network,
        kinds.format("single-frame"): partial(of.step, 0),
        kinds.format("pair"): partial(of.step, 1),
        f"a pair step's share of a matrix product's rate, {precision}": partial(of.share, edge),
        "memory of a pair step, counted, measured": of.bytes_taken,
        f"synthesis {synthesized[0]}x{synthesized[1]} with the face": partial(of.synthesis, synthesized),
        "against the CPU, float32": of.against_cpu,
        "two processes on this device, gradients apart": of.shared,
        "padded convolution: own kernel, slices": of.padding,
        **loading,
        "CPU / GPU, single-frame step": partial(of.ratio, 0),
        "CPU / GPU, pair step": partial(of.ratio, 1),
    }


def rows(found):
    """Yield (what, value, whether it failed) of each of `measurements`, whatever becomes of the others."""
    for what, measure in found.items():
        try:
            yield what, measure(), False
        except Exception as error:  # any: one row must not lose the others
            yield what, f"failed: {type(error).__name__}: {one_line(error)}", True


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--preset", default="studio")
    parser.add_argument("--json", type=Path, default=Path("gpu.json"))
    parser.add_argument("--worker", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.preset, *options.worker)
        return
    device = pick_device()
    if device.type != "cuda":
        sys.exit("no usable GPU: nothing is measured")
    card = f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}, {usable_cores()} CPU cores"
    print(f"{card}\n\n| what | measured |\n|---|---|")
    kept, failed = {"machine": card}, False
    for what, value, wrong in rows(
        measurements(options.preset, device, (384, 640), (1024, 512), (1024, 576), 10, 8192)
    ):
        print(f"| {what} | {value} |", flush=True)
        kept[what], failed = value, failed or wrong
        with atomic_path(options.json) as partial_path:
            partial_path.write_text(json.dumps(kept, indent=1) + "\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
