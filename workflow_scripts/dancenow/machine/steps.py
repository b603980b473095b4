"""Seconds and memory of a preset's steps: measured on small pictures, scaled by counted operations."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from dancenow.device import Autocast, exact_float32
from dancenow.model.enhancer import EnhancedGenerator, grow
from dancenow.model.networks import Discriminator, Generator
from dancenow.model.perceptual import PerceptualNetwork, choose, load_perceptual
from dancenow.training.face_training import FaceTrainer
from dancenow.training.memory import FLOAT32, StepMemory, count_step
from dancenow.training.previews import MOMENTS, WARM_UP
from dancenow.training.settings import EnhancerSettings, FaceSettings, FirstSettings
from dancenow.training.trainer import Trainer, network_arguments, new_networks

MULTIPLE = 32  # px, of a window's edges
STEP_REPEATS = 3
# Seconds of one core for a frame that a step is given, and for one that a video gets, of 512x512 px: reading,
# drawing, moving references; and mark and encoder for a video. Of the demo on one AVX2 core
LOADING, DRAWING = 0.022, 0.037
DEMO_AREA = 512 * 512  # px
LEAST_PACE = 2e10  # operations a second that any processor of today makes in a large network
FORWARD = 8  # counted: a pair's step has at least so many times the operations of one synthesized frame
# a small step that is expected to take longer is not taken: the pace of the last preset counts
SLOWEST_STEP = 12.0  # s
# and one that takes longer than this is taken on half the edges. There each pixel costs more, a third in the
# demo's network on one AVX2 core, whose weights come from memory for few places
WHOLE_STEP = 8.0  # s


class Machine(NamedTuple):
    """What steps run on: device; autocast: as from device.prepare; threads: of the host."""

    device: torch.device
    autocast: Autocast
    threads: int

    def with_host(self, seconds: float, work: float) -> float:
        """Seconds of the networks' work and of the host's for it, `work` seconds of one core, done meanwhile.

        On a CPU both share the cores; for a GPU all cores but one make what it waits for, if it has to.
        """
        if self.device.type == "cpu":
            return seconds + work / self.threads
        return max(seconds, work / max(1, self.threads - 1))


@dataclass(frozen=True)
class Pace:
    """Seconds of one step on a `single` frame, on a `pair`, of the `enhancer`, of the `face`, and of one
    synthesized `frame`, the host's work for it included; of one preview of the first stage, `preview`, and of
    one after it, `later_preview`; each 0 where the preset has none of it. memory: training.memory.StepMemory
    of the largest stage; measured: whether this preset's own steps were timed; operations: counted, per
    second.
    """

    single: float
    pair: float
    enhancer: float
    face: float
    frame: float
    preview: float
    later_preview: float
    memory: StepMemory
    measured: bool
    operations: float


@dataclass(frozen=True)
class Areas:
    """Of what a preset's networks see of a frame, px: mean area in a training and in a video, and the (w, h)
    of the largest.
    """

    trained: float
    synthesized: float
    largest: tuple[int, int]

    @classmethod
    def of(cls, train: dict, size: tuple[int, int], windows: dict) -> "Areas":
        """train: a preset's section; size: (w, h) px of the frames; windows: as from
        detection.window_shares, which a generator without a background has not: it sees all of a frame.
        """
        if not train["generator"]["background"]:
            return cls(_area(size), _area(size), size)
        width, height = (
            MULTIPLE * max(1, round(share * edge / MULTIPLE))
            for share, edge in zip(windows["largest"], size, strict=True)
        )
        return cls(windows["trained"] * _area(size), windows["synthesized"] * _area(size), (width, height))

    def edges(self, share: float) -> tuple[int, int]:
        """(w, h) px of a mean picture of the training with `share` of its edges."""
        share *= (self.trained / _area(self.largest)) ** 0.5
        width, height = (max(64, MULTIPLE * round(share * edge / MULTIPLE)) for edge in self.largest)
        return width, height


def installed_network() -> PerceptualNetwork:
    """The perceptual network that lies in every installation; nothing is downloaded."""
    return load_perceptual(choose("efficientnet-lite0"))


def make_trainer(
    stage: str,
    train: dict,
    device: torch.device,
    autocast: Autocast,
    network_of: Callable[[], PerceptualNetwork] = installed_network,
) -> Trainer:
    """A new trainer of a stage (first, enhancer, face), of the later ones around a new first stage.

    network_of: gives its perceptual network.
    """
    perceptual, rest = network_of(), (device, autocast, 1000)
    settings = FirstSettings.of(train | {"init_from": None})
    if stage == "first":
        return Trainer(settings, perceptual, *rest)
    network, discriminator_settings = network_arguments(settings)
    generator, discriminator = new_networks(settings)
    if not train["enhancer"]:
        return FaceTrainer(FaceSettings.of(train), perceptual, *rest, main=generator)
    later = EnhancerSettings.of(train)

    def grown(_settings: object) -> tuple[EnhancedGenerator, Discriminator]:
        own = later.enhancer
        return grow(
            network,
            generator.state_dict(),
            own.channels,
            own.n_blocks,
            discriminator_settings,
            discriminator.state_dict(),
        )

    if stage == "enhancer":
        return Trainer(later, perceptual, *rest, build=grown)
    return FaceTrainer(FaceSettings.of(train), perceptual, *rest, main=grown(None)[0])


def pictures(stage: str, train: dict, size: tuple[int, int], batch: int = 1) -> dict[str, torch.Tensor]:
    """A batch of noise in the form of the stage's sampler, always the same; size: (w, h) px."""
    random = torch.Generator().manual_seed(0)
    channels = {"skeleton": 3, "image": 3}
    if train["generator"]["background"]:
        channels["background"] = 3
    if train["generator"]["references"]:
        channels |= {"reference": 4, "mask": 1}
    made = {
        name: torch.randint(0, 256, (batch, 2, count, *size[::-1]), dtype=torch.uint8, generator=random)
        for name, count in channels.items()
    }
    if stage == "face":
        made["corner"] = torch.zeros(batch, 2, 2, dtype=torch.long)
        made["visible"] = torch.ones(batch, 2, dtype=torch.bool)
    return made


def count(stage: str, train: dict, size: tuple[int, int], autocast: Autocast) -> tuple[StepMemory, float]:
    """(StepMemory, floating-point operations) of one step of a stage on one pair of (w, h) px, counted."""
    with FlopCounterMode(display=False) as counter:
        memory = count_step(
            lambda device, cast: make_trainer(stage, train, device, cast),
            pictures(stage, train, size),
            size,
            autocast,
        )
    return memory, counter.get_total_flops()


def measure_pace(
    train: dict, size: tuple[int, int], windows: dict, machine: Machine, known: float = 0.0
) -> Pace:
    """The Pace of a preset. train: that section; size: (w, h) px of its frames; windows: as from
    detection.window_shares; known: operations a second of presets before, 0 for none: a step that would take
    longer than SLOWEST_STEP is then computed from it and not taken.

    Measured is a mean picture of the training, or, where that takes long, a smaller one. It grows with the
    area, for the same network its operations do; what the optimiser takes does not.
    """
    batch, first = train["batch"], size
    if train["enhancer"]:
        first = size[0] // 2, size[1] // 2
    areas = Areas.of(train, first, windows)
    memory, operations = count("first", train, areas.largest, machine.autocast)
    dense = operations / _area(areas.largest)  # of a pair, for each px
    whole, enhanced, pace = batch * dense * areas.trained, 0.0, max(known, LEAST_PACE)
    small = areas.edges(1.0 if whole / batch / pace <= WHOLE_STEP else 0.5)
    part = dense * _area(small)
    if train["enhancer"]:
        memory, enhanced = count("enhancer", train, size, machine.autocast)
        enhanced *= batch
    main = max(1, enhanced / whole)  # of a frame after the enhancer, in units of the first stage's
    tried = not known or part / pace <= SLOWEST_STEP
    if tried:
        took = _timed_steps(train, small, areas.trained, whole / part, main, machine)
    else:
        took = _known_steps(train, areas.trained, whole / known, main)
    loading, later_loading = (2 * batch * LOADING * _area(shape) / DEMO_AREA for shape in (first, size))
    # of a preview: with what leads up to it, unless the generator has learned from single frames alone yet
    frames = MOMENTS * (WARM_UP + 1 if train["temporal"] else 1)
    alike = train["single_frame_share"] if train["generator"]["background"] else 0.0
    shown = took.forward * _area(areas.largest)
    frame = main * took.forward * areas.synthesized + took.face_alone
    return Pace(
        single=machine.with_host(took.single, loading / 2),
        pair=machine.with_host(took.pair, loading),
        enhancer=machine.with_host(took.pair * enhanced / whole, later_loading) if enhanced else 0.0,
        face=machine.with_host(took.face, later_loading) if train["face"] else 0.0,
        frame=machine.with_host(frame, DRAWING * _area(size) / DEMO_AREA),
        preview=(alike * MOMENTS + (1 - alike) * frames) * shown,
        later_preview=frames * (main * shown + took.face_alone),
        memory=memory,
        measured=tried,
        operations=whole / took.pair,
    )


class StepTimes(NamedTuple):
    """Seconds on the device: of a step on a `single` frame, on a `pair`, of the `face` stage; of the first
    generator's `forward` pass, for each px; of the face generator in one frame, `face_alone`.
    """

    single: float
    pair: float
    forward: float
    face: float
    face_alone: float


def _timed_steps(
    train: dict,
    small: tuple[int, int],
    trained: float,
    scale: float,
    main: float,
    machine: Machine,
) -> StepTimes:
    """Measured on pictures of `small` (w, h) px, for a batch of `scale` times their operations.

    trained: px of a training's mean picture; main: a frame after the enhancer, in units of the first stage's.
    """
    device, autocast, _ = machine
    trainer, given = make_trainer("first", train, device, autocast), pictures("first", train, small)
    took = [_timed(lambda: _step(trainer, given, alone), device) for alone in (False, True)]  # noqa: B023
    rest = _timed(lambda: _optimise(trainer), device)
    pair, single = (max(seconds - rest, 0) * scale + rest for seconds in took)
    forwards = _timed(lambda: _forward(trainer, given), device)
    forward = forwards / _area(small)
    if not train["face"]:
        return StepTimes(single, pair, forward, 0.0, 0.0)
    face = 2 * train["batch"] * main * forward * trained
    face += _face_alone(train, small, machine, forwards)
    return StepTimes(single, pair, forward, face, _face_forward(train, machine))


def _known_steps(train: dict, trained: float, pair: float, main: float) -> StepTimes:
    """From the seconds of a step on a pair alone; trained, main: as _timed_steps has them."""
    forward = pair / FORWARD / train["batch"] / trained
    face = 2.5 * main * pair / FORWARD if train["face"] else 0.0
    return StepTimes(pair / 2, pair, forward, face, 0.0)


def _face_alone(train: dict, small: tuple[int, int], machine: Machine, forward: float) -> float:
    """Seconds of a face step without its two passes of the main generator."""
    plain = train | {"enhancer": None}
    least = MULTIPLE * -(-train["face"]["size"] // MULTIPLE)
    size = max(small[0], least), max(small[1], least)
    trainer = make_trainer("face", plain, machine.device, machine.autocast)
    given = pictures("face", plain, size)
    return max(_timed(lambda: trainer.update(given), machine.device) - 2 * forward, 0.0)


def _face_forward(train: dict, machine: Machine) -> float:
    """Seconds of the face generator on one frame's square, whose size is the same in every frame."""
    settings, device = FaceSettings.of(train), machine.device
    network = Generator(**vars(settings.generator)).to(device, memory_format=torch.channels_last)
    square = torch.zeros(1, 3, settings.face.size, settings.face.size, device=device)

    @torch.inference_mode()
    def work() -> None:
        with torch.autocast(**machine.autocast):
            network(square, square)

    return _timed(work, device)


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _step(trainer: Trainer, given: dict, alone: bool) -> None:
    trainer.step, trainer.single_frame_steps = 0, int(alone)
    trainer.update(given)


def _optimise(trainer: Trainer) -> None:
    """What a step does once, whatever the size of the pictures."""
    for optimiser in trainer.optimisers.values():
        optimiser.step()
    trainer._update_average()


@torch.inference_mode()
def _forward(trainer: Trainer, given: dict) -> None:
    now = trainer._on_device(given).at(0)
    shown = {} if now.references is None else {"reference": now.references}
    with torch.autocast(**trainer.autocast):
        trainer.generator(now.skeletons, now.real, now.backgrounds, **shown)


def _timed(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of `work`, the median of STEP_REPEATS, once it has been done before."""
    taken = []
    for _ in range(STEP_REPEATS + 1):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


# of a step in float32 on both: losses, and the generator's gradients, as shares of the CPU's
LOSSES, GRADIENTS = 0.01, 0.05


def compare(
    train: dict,
    device: torch.device,
    size: tuple[int, int] = (64, 96),
    network_of: Callable[[], PerceptualNetwork] = installed_network,
) -> tuple[float, float]:
    """(largest difference of a loss, difference of all gradients): one step on `device` and on the CPU, in
    float32 from the same weights on the same pictures, as shares of the CPU's. LOSSES and GRADIENTS bound
    them. Without TF32: its rounding of 5e-4 alone moves the gradients of the preset studio by a quarter.
    """
    found = []
    for where in (torch.device("cpu"), device):
        trainer = make_trainer("first", train, where, FLOAT32 | {"device_type": where.type}, network_of)
        given = pictures("first", train, size)
        trainer.step = trainer.single_frame_steps = 0
        trainer.optimisers["generator"].step = lambda: None
        with exact_float32():
            losses = {name: value.item() for name, value in trainer.update(given).items()}
        gradient = torch.cat([weight.grad.flatten().cpu() for weight in trainer.generator.parameters()])
        found.append((losses, gradient))
    (wanted, gradient), (losses, other) = found
    apart = max(abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in wanted.items())
    return apart, float((other - gradient).norm() / gradient.norm())
