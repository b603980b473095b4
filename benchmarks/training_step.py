"""One training step of the published global stage: ours against the plain step of the authors' code.

    python benchmarks/training_step.py [--threads 2] [--repeats 5] [--compare 50]

Same networks (182.45 M and 5.55 M parameters), same losses, batch 1, 512x256, the same random pictures.
Plain: float32, NCHW, the discriminator run three times a step (fake for its own step, real, fake again for
the generator's), its weights given gradients in the generator's step too, unfused Adam, kernels that may
differ from run to run, memory given back after each use; its loss functions are ours. The rows in between
change one thing at a time, so that the gain can be told apart. Each measurement is a process of its own, the
variants take turns; medians of the steps after the first two, which make kernels and fill caches.
VGG19 has random weights here, which cost what the published cost. --compare: steps over which the losses
are set side by side, from four seeds, on small networks (24 channels, a trunk of 384) and 128x64, where all
of it takes three minutes; the plain step in bfloat16 shows what that alone does.
"""

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import torch
import yaml
from torch.nn import functional as F

from dancenow.device import has_fast_bf16, pick_device, prepare
from dancenow.model.losses import feature_matching, lsgan
from dancenow.model.perceptual import VGG19_CHANNELS, build_vgg19, perceptual_loss
from dancenow.planning.configuration import lay_over
from dancenow.training.settings import FirstSettings
from dancenow.training.trainer import BETAS, Trainer

SIZE = (512, 256)
SEEDS = range(4)


class PlainTrainer(Trainer):
    """The authors' step: every pass that they make, in float32 and NCHW."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        rate = self.settings.learning_rate
        self.optimisers = {
            name: torch.optim.Adam(module.parameters(), rate, BETAS)
            for name, module in (("generator", self.generator), ("discriminator", self.discriminator))
        }

    def _place(self, module):
        return module.to(self.device)

    def _update_average(self):
        pass

    def _learn(self, batch):
        clips = self._on_device(batch)
        skeletons, real = clips.skeletons, clips.real
        with torch.autocast(**self.autocast):
            fake, _ = self.synthesize(clips)
            on_fake = lsgan(self.discriminator(skeletons, fake.detach()), False)
            real_maps = self.discriminator(skeletons, real)
            on_real = lsgan(real_maps, True)
            fake_maps = self.discriminator(skeletons, fake)
            losses = {
                "gan": lsgan(fake_maps, True),
                "feature_matching": feature_matching(fake_maps, real_maps),
                "perceptual": perceptual_loss(self.perceptual, fake.flatten(0, 1), real.flatten(0, 1)),
                "l1": F.l1_loss(fake, real),  # of weight zero, shown by both
            }
        self._optimise("generator", self._weighted(losses))
        self._optimise("discriminator", 0.5 * (on_real + on_fake))
        return losses | {"discriminator_real": on_real, "discriminator_fake": on_fake}


class PlainLast(PlainTrainer):
    """The same with channels_last."""

    def _place(self, module):
        return Trainer._place(self, module)


def published(**generator):
    """The settings of the preset paper's first stage, its generator with other arguments."""
    config = yaml.safe_load((Path(__file__).resolve().parents[1] / "config.yaml").read_text())
    lay_over(config, config["presets"]["paper"])
    train = config["train"]
    train["generator"].update(generator)
    return FirstSettings.of(train)


def random_vgg19():
    """VGG19 up to relu5_1 with random weights."""
    torch.manual_seed(0)
    layers, inputs = {}, 3
    for place, width in enumerate(_vgg19_places()):
        if width:
            scale = (2 / (9 * inputs)) ** 0.5  # keeps the features' size through the layers
            layers[f"features.{place}.weight"] = torch.randn(width, inputs, 3, 3) * scale
            layers[f"features.{place}.bias"] = torch.zeros(width)
            inputs = width
    return build_vgg19(layers).requires_grad_(False)


def _vgg19_places():
    """Of each of torchvision's layers, the width of a convolution, else 0."""
    places = []
    for width in VGG19_CHANNELS:
        places += [0] if width == "M" else [width, 0]
    return places


def random_batch(size, seed):
    """A batch of one pair as ClipSampler gives it, of noise."""
    generator = torch.Generator().manual_seed(seed)
    shape = (1, 2, 3, size[1], size[0])
    return {
        name: torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        for name in ("skeleton", "image")
    }


def trainer_of(kind, threads, settings):
    """The Trainer of one of KINDS, for a first stage's settings."""
    build, fast, kept = KINDS[kind]
    device = pick_device()
    autocast = prepare(device, threads) if kept else plain_settings(device, threads)
    autocast["enabled"] &= fast
    return build(settings, random_vgg19(), device, autocast, 1000)


def plain_settings(device, threads):
    """As device.prepare, without its deterministic kernels and its hold on memory."""
    torch.set_num_threads(threads)
    return {"device_type": device.type, "dtype": torch.bfloat16, "enabled": has_fast_bf16(device)}


def seconds_of(kind, threads, steps):
    """Median seconds of a step in this process; the first two do not count."""
    trainer, seconds = trainer_of(kind, threads, published()), []
    for step in range(steps + 2):
        batch = random_batch(SIZE, step)
        began = time.perf_counter()
        trainer.train_step(batch)
        if trainer.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[2:])


def in_turns(options):
    """{kind: median of `repeats` processes' seconds of a step}."""
    seconds = {kind: [] for kind in KINDS}
    for _ in range(options.repeats):
        for kind, found in seconds.items():
            command = [sys.executable, __file__, "--kind", kind, "--threads", str(options.threads)]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found.append(float(told))
    return {kind: statistics.median(found) for kind, found in seconds.items()}


def compare(threads, steps):
    """Print each loss's mean over `steps`, as its ratio to the plain step's: mean and extremes over SEEDS."""
    settings = published(channels=24)
    settings = replace(settings, discriminator=replace(settings.discriminator, channels=16))
    batches = [random_batch((128, 64), seed) for seed in range(4)]
    first, *others = "plain", "plain, memory kept, bfloat16", "ours"
    ratios = {kind: [] for kind in others}
    for seed in SEEDS:
        means = {}
        for kind in (first, *others):
            trainer = trainer_of(kind, threads, replace(settings, seed=seed))
            curve = [trainer.train_step(batches[step % 4]) for step in range(steps)]
            means[kind] = {term: statistics.mean(losses[term] for losses in curve) for term in curve[0]}
        for kind, found in ratios.items():
            found.append({term: means[kind][term] / value for term, value in means[first].items()})
    print(f"\n| mean over {steps} steps, of plain's | {' | '.join(others)} |\n|{'---|' * (len(others) + 1)}")
    for term in means[first]:
        told = [[each[term] for each in found] for found in ratios.values()]
        cells = [f"{statistics.mean(each):.3f} [{min(each):.3f}, {max(each):.3f}]" for each in told]
        print(f"| {term} | {' | '.join(cells)} |")


# by name: the Trainer; may it use bfloat16; does it keep memory (and deterministic kernels)?
KINDS = {
    "plain": (PlainTrainer, False, False),
    "plain, memory kept": (PlainTrainer, False, True),
    "plain, memory kept, bfloat16": (PlainTrainer, True, True),
    "plain, memory kept, bfloat16, channels_last": (PlainLast, True, True),
    "ours": (Trainer, True, True),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compare", type=int, default=50)
    parser.add_argument("--profile", action="store_true", help="where the time of one of our steps goes")
    parser.add_argument("--kind", choices=KINDS, help="print the seconds of one of these alone")
    options = parser.parse_args()
    if options.kind:
        print(seconds_of(options.kind, options.threads, steps=3))
        return
    seconds = in_turns(options)
    device = pick_device()
    print(f"{device}, {options.threads} threads, {SIZE[0]}x{SIZE[1]}, batch 1, {options.repeats} rounds\n")
    print("| step | seconds | faster than plain |\n|---|---|---|")
    for name, value in seconds.items():
        print(f"| {name} | {value:.2f} | {seconds['plain'] / value:.2f} |")
    if options.profile:
        show_profile(options.threads)
    if options.compare:
        compare(options.threads, options.compare)


def show_profile(threads):
    """Print the operations that one of our steps, the third, spends its time in."""
    trainer, batch = trainer_of("ours", threads, published()), random_batch(SIZE, 0)
    for _ in range(2):
        trainer.train_step(batch)
    with torch.profiler.profile() as profile:
        trainer.train_step(batch)
    print(profile.key_averages().table(sort_by="self_cpu_time_total", row_limit=15))


if __name__ == "__main__":
    main()
