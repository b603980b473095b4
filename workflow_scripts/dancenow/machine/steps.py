"""Seconds and memory of a preset's steps: measured on small pictures, scaled by counted operations."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from dancenow.device import Autocast
from dancenow.model.enhancer import EnhancedGenerator, grow
from dancenow.model.networks import Discriminator, Generator
from dancenow.model.perceptual import choose, load_perceptual
from dancenow.training.face_training import FaceTrainer
from dancenow.training.memory import FLOAT32, StepMemory, count_step
from dancenow.training.settings import EnhancerSettings, FaceSettings, FirstSettings
from dancenow.training.trainer import Trainer, network_arguments, new_networks

# A window around a dancer is on average this share of the frame's edges; the largest, for memory, that one.
# Of the demo's target, seen from head to foot.
MEAN_WINDOW, LARGEST_WINDOW = (0.5, 0.8125), (0.8125, 0.9375)
MULTIPLE = 32  # px, of a window's edges
REPEATS = 2
LEAST_PACE = 2e10  # operations a second that any processor of today makes in a large network
FORWARD = 8  # counted: a pair's step has at least so many times the operations of one synthesized frame
# a small step that is expected to take longer is not taken: the pace of the last preset counts
SLOWEST_STEP = 12.0  # s


@dataclass(frozen=True)
class Pace:
    """Seconds of one step on a `single` frame, on a `pair`, of the `enhancer`, of the `face`, and of one
    synthesized `frame`; each 0 where the preset has none of it. memory: training.memory.StepMemory of the
    largest stage; measured: whether this preset's own steps were timed; operations: counted, per second.
    """

    single: float
    pair: float
    enhancer: float
    face: float
    frame: float
    memory: StepMemory
    measured: bool
    operations: float


def window(train: dict, size: tuple[int, int], shares: tuple[float, float]) -> tuple[int, int]:
    """(w, h) px of the pictures that a preset's networks see: of a window, or without a background all."""
    if not train["generator"]["background"]:
        return size
    edges = (round(share * edge / MULTIPLE) for share, edge in zip(shares, size, strict=True))
    width, height = (MULTIPLE * max(1, edge) for edge in edges)
    return width, height


def make_trainer(stage: str, train: dict, device: torch.device, autocast: Autocast) -> Trainer:
    """A new trainer of a stage (first, enhancer, face), of the later ones around a new first stage.

    The perceptual network is the one that lies in every installation; nothing is downloaded.
    """
    perceptual, rest = load_perceptual(choose("efficientnet-lite0")), (device, autocast, 1000)
    settings = FirstSettings.of(train | {"init_from": None})
    if stage == "first":
        return Trainer(settings, perceptual, *rest)
    network, judge = network_arguments(settings)
    generator, discriminator = new_networks(settings)
    if not train["enhancer"]:
        return FaceTrainer(FaceSettings.of(train), perceptual, *rest, main=generator)
    later = EnhancerSettings.of(train)

    def grown(_settings: object) -> tuple[EnhancedGenerator, Discriminator]:
        weights, judges = generator.state_dict(), discriminator.state_dict()
        return grow(network, weights, later.enhancer.channels, later.enhancer.n_blocks, judge, judges)

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
    train: dict, size: tuple[int, int], device: torch.device, autocast: Autocast, known: float = 0.0
) -> Pace:
    """The Pace of a preset. train: that section; size: (w, h) px of its frames; known: operations a second of
    presets before, 0 for none, by which a step that would take longer than SLOWEST_STEP is told without it.

    What is measured grows with the area of the pictures, for the same network its operations do; what the
    optimiser takes does not.
    """
    batch, first = train["batch"], size
    if train["enhancer"]:
        first = size[0] // 2, size[1] // 2
    seen, largest = (window(train, first, shares) for shares in (MEAN_WINDOW, LARGEST_WINDOW))
    across, down = (max(64, edge // 2 // MULTIPLE * MULTIPLE) for edge in seen)
    small = across, down
    memory, operations = count("first", train, largest, autocast)
    whole, part = (operations * _area(shape) / _area(largest) for shape in (seen, small))
    whole, enhanced = whole * batch, 0.0
    if train["enhancer"]:
        memory, enhanced = count("enhancer", train, size, autocast)
        enhanced *= batch
    main = max(1, enhanced / whole)  # of a frame after the enhancer, in units of the first stage's
    if known and part / max(known, LEAST_PACE) > SLOWEST_STEP:
        pair = whole / known
        frame = main * pair / FORWARD / batch
        face = 2.5 * frame * batch if train["face"] else 0.0
        return Pace(pair / 2, pair, enhanced / known, face, frame, memory, False, known)
    trainer = make_trainer("first", train, device, autocast)
    given, scale = pictures("first", train, small), whole / part
    pair, single = (_timed(lambda: _step(trainer, given, alone), device) for alone in (False, True))  # noqa: B023
    rest = _timed(lambda: _optimise(trainer), device)
    forward = _timed(lambda: _forward(trainer, given), device)
    pair, single = (max(taken - rest, 0) * scale + rest for taken in (pair, single))
    frame = main * forward * scale / batch
    face = 0.0
    if train["face"]:
        face = 2 * batch * frame + _face_alone(train, small, device, autocast, forward)
        frame += _face_forward(train, device, autocast)
    return Pace(single, pair, pair * enhanced / whole, face, frame, memory, True, whole / pair)


def _face_alone(
    train: dict, small: tuple[int, int], device: torch.device, autocast: Autocast, forward: float
) -> float:
    """Seconds of a face step without its two passes of the main generator."""
    plain = train | {"enhancer": None}
    least = MULTIPLE * -(-train["face"]["size"] // MULTIPLE)
    size = max(small[0], least), max(small[1], least)
    trainer, given = make_trainer("face", plain, device, autocast), pictures("face", plain, size)
    return max(_timed(lambda: trainer.update(given), device) - 2 * forward, 0.0)


def _face_forward(train: dict, device: torch.device, autocast: Autocast) -> float:
    """Seconds of the face generator on one frame's square, whose size is the same in every frame."""
    settings = FaceSettings.of(train)
    network = Generator(**vars(settings.generator)).to(device, memory_format=torch.channels_last)
    square = torch.zeros(1, 3, settings.face.size, settings.face.size, device=device)

    @torch.inference_mode()
    def work() -> None:
        with torch.autocast(**autocast):
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
    """Seconds of `work`, the least of REPEATS, once it has been done before."""
    taken = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


# of a step in float32 on both: losses, and the generator's gradients, as shares of the CPU's
LOSSES, GRADIENTS = 0.01, 0.05


def compare(train: dict, device: torch.device, size: tuple[int, int] = (64, 96)) -> tuple[float, float]:
    """(largest difference of a loss, difference of all gradients): one step on `device` and on the CPU, in
    float32 from the same weights on the same pictures, as shares of the CPU's. LOSSES and GRADIENTS bound
    them.
    """
    found = []
    for where in (torch.device("cpu"), device):
        trainer = make_trainer("first", train, where, FLOAT32 | {"device_type": where.type})
        given = pictures("first", train, size)
        trainer.step = trainer.single_frame_steps = 0
        trainer.optimisers["generator"].step = lambda: None
        losses = {name: value.item() for name, value in trainer.update(given).items()}
        gradient = torch.cat([weight.grad.flatten().cpu() for weight in trainer.generator.parameters()])
        found.append((losses, gradient))
    (wanted, gradient), (losses, other) = found
    apart = max(abs(losses[name] - value) / max(abs(value), 1e-6) for name, value in wanted.items())
    return apart, float((other - gradient).norm() / gradient.norm())
