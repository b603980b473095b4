"""From a target's footage and poses to its generator file."""

import logging
import shutil
from collections.abc import Callable
from copy import copy
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import torch

from dancenow import parallel
from dancenow.camera.steady_frames import HalvedFrames, SteadyFrames, open_steady
from dancenow.camera.view import load_view
from dancenow.device import Autocast, peak_memory, pick_device, precision_name, prepare
from dancenow.errors import InputError, frames_of, refuse_mixed
from dancenow.files import read_json, write_json
from dancenow.keypoints import Pose, load_pose
from dancenow.model.checkpoint import save_discriminator, save_generator
from dancenow.model.networks import parameter_count
from dancenow.model.perceptual import load_perceptual
from dancenow.model.windows import choose_sizes
from dancenow.pose.masks import load_masks
from dancenow.references.files import load_bank_of
from dancenow.references.sampling import RealPixels
from dancenow.stopping import listening
from dancenow.training.best_generator import BestGenerator
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.holdout import training_frame_count
from dancenow.training.loop import preview_steps, run_training
from dancenow.training.memory import StepMemory, check_room, count_step, free_memory, told_of_memory
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.rolling import RollingCheckpoint
from dancenow.training.settings import StageSettings
from dancenow.training.stages import FirstStage, Stage, digests, open_stage
from dancenow.training.trainer import Trainer
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

# Samples with which the memory of a step is counted; of more, each takes as much.
COUNTED = 4


def train_target(
    inputs: StageInputs,
    outputs: StageOutputs,
    settings: StageSettings,
    holdout: float,
    threads: int,
    check_memory: bool = True,
) -> None:
    """Train, or resume, and write the generator, its losses, its settings and its previews.

    settings: of the stage, which their class identifies; holdout: share of the clip's end that training never
    sees, 0 to 1; threads: of torch; check_memory: refuse a training whose step does not fit, else only warn.
    A folder `run` beside the generator holds the rolling checkpoint meanwhile. A signal from `stopping` ends
    it with Stopped, after the current step is finished and saved; InputError if a file or a setting cannot be
    used, DivergedError, NoMemoryError. In one of several processes (parallel.process_group) it does its
    share, and only rank 0 writes.
    """
    device = pick_device()
    autocast = prepare(device, threads)
    stage = open_stage(inputs, settings)
    footage, sampler = _open_material(inputs, stage, settings, holdout)
    steps = settings.steps_over(len(sampler.clip_starts))
    decision = read_json(inputs.perceptual)

    def spare_trainer(device: torch.device, autocast: Autocast) -> Trainer:
        # these networks are only counted: they must not be those of `stage`
        return open_stage(inputs, settings).trainer(load_perceptual(decision), device, autocast, steps)

    memory = _check_memory(spare_trainer, footage, sampler, device, autocast, check_memory)
    trainer = stage.trainer(load_perceptual(decision), device, autocast, steps)
    _log_start(trainer, stage, footage, len(sampler.clip_starts), threads, memory)
    folder = Path(outputs.generator).parent / "run"
    identity = _identity(inputs, settings, stage, footage, steps, decision["sha256"])
    description = _description(stage, footage, settings.seed)
    previews = stage.previews(footage, footage.count if holdout else 0, folder / "previews")
    checkpoint = RollingCheckpoint(folder, identity)
    best = BestGenerator(folder / "best.safetensors", previews, description, stage.stored_background)

    def preview(trainer: Trainer, counts: bool) -> tuple[Path, float]:
        error = best(trainer) if counts else previews.look(trainer)
        return previews.latest, error

    with listening() as should_stop, told_of_memory(checkpoint):
        losses, seconds, waiting = run_training(trainer, sampler, checkpoint, preview, should_stop)
        if parallel.rank() > 0:
            return
        description |= {"step": trainer.step}
        write_json(outputs.settings, identity | description)
        facts = _facts(trainer, stage, footage, len(sampler.clip_starts), seconds, waiting)
        write_json(outputs.training, facts | best.facts())
        shutil.copyfile(losses, outputs.losses)
        shutil.copyfile(best.path, outputs.best)
        previews.write_strip(Path(outputs.progress), preview_steps(steps))
        previews.write_video(Path(outputs.video), preview_steps(steps))
        _save_networks(outputs, stage, trainer, description)
        # the previews stay
        checkpoint.remove()
        best.path.unlink()


def _open_material(
    inputs: StageInputs, stage: Stage, settings: StageSettings, holdout: float
) -> tuple[TrainingFootage, ClipSampler]:
    """What a stage learns from, and its sampler; InputError names the pose's file."""
    frames, pose = open_footage(inputs, on_canvas=stage.background is not None)
    if isinstance(stage, FirstStage) and stage.background is not None:
        height, width = stage.background.shape[:2]
        scenes = {inputs.pose: (pose.width, pose.height), inputs.path("background"): (width, height)}
        refuse_mixed({path: f"a scene of {w}x{h} px" for path, (w, h) in scenes.items()})
    count = training_frame_count(len(frames), holdout)
    sizes = [(pose.width, pose.height)]
    if stage.background is not None:
        sizes = choose_sizes(pose.keypoints[:count], pose.width, pose.height)
    share = parallel.rank(), parallel.world_size()
    pixels = _real_pixels(stage, inputs, pose.fps, count)
    try:
        footage = TrainingFootage(frames, pose, stage.background, sizes, count, frames.cuts, pixels)
        sampler = stage.sampler(footage, settings.batch, settings.seed, share, 2 if stage.temporal else 1)
    except InputError as error:
        raise InputError(f"{inputs.pose}: {error}") from error
    return footage, sampler


def _check_memory(
    spare_trainer: Callable[[torch.device, Autocast], Trainer],
    footage: TrainingFootage,
    sampler: ClipSampler,
    device: torch.device,
    autocast: Autocast,
    refuse: bool,
) -> StepMemory:
    """The memory of a step, counted. If it does not fit: InputError, or a warning unless `refuse`."""
    largest = max(footage.sizes, key=lambda size: size[0] * size[1])
    processes = parallel.world_size()
    few = copy(sampler)  # for a batch that does not fit, the first one must not be made
    few.batch = processes * min(COUNTED, sampler.batch // processes)
    memory = count_step(spare_trainer, few(0), largest, autocast)
    free = parallel.least(free_memory(device), device)  # cards may differ, and all must refuse or none
    if device.type == "cpu":  # shared by all processes
        free //= processes
    try:
        check_room(memory, sampler.batch // processes, free)
    except InputError as error:
        if refuse:
            raise
        log.warning("continuing because hardware.check_memory is false: %s", error)
    return memory


def _identity(
    inputs: StageInputs,
    settings: StageSettings,
    stage: Stage,
    footage: TrainingFootage,
    steps: int,
    perceptual: str,
) -> dict:
    """All that determines the weights, which a checkpoint must agree with to be continued.

    perceptual: SHA-256 of the perceptual network's weights.
    """
    return {
        "settings": asdict(settings),
        "steps": steps,
        "sizes": [list(size) for size in footage.sizes],
        **digests(inputs, "pose"),
        "perceptual": perceptual,
        "cuts": footage.cuts,
        **stage.start,
        **(digests(inputs, "steady") if isinstance(footage.frames, SteadyFrames) else {}),
    }


def _log_start(
    trainer: Trainer, stage: Stage, footage: TrainingFootage, clips: int, threads: int, memory: StepMemory
) -> None:
    """Log on what a training runs, and how large it is; clips: number of different ones."""
    log.info(
        "training on %s, %s, processes %d, threads %d: %d %s, windows %s, %d steps, generator "
        "%.1f M parameters, about %.1f GB",
        trainer.device, precision_name(trainer.autocast), parallel.world_size(), threads, clips,
        "pairs" if stage.temporal else "single frames (no last frame to corrupt)", footage.sizes,
        trainer.steps, parameter_count(trainer.generator) / 1e6,
        memory.peak(trainer.settings.batch // parallel.world_size()) / 2**30,
    )  # fmt: skip


def _facts(
    trainer: Trainer, stage: Stage, footage: TrainingFootage, clips: int, seconds: float, waiting: float
) -> dict:
    """What training.json says of a training; clips: number of different ones; waiting: as of run_training."""
    return {
        "device": _device_name(trainer.device),
        "processes": parallel.world_size(),
        "precision": precision_name(trainer.autocast),
        "seconds": round(seconds, 1),
        "waiting_percent": round(100 * waiting, 2),
        "peak_memory_gb": round(peak_memory(trainer.device) / 2**30, 2),
        "frames": len(footage.frames),
        "training_frames": footage.count,
        "pairs" if stage.temporal else "single_frames": clips,
        "fps": str(footage.pose.fps),
    }


def _description(stage: Stage, footage: TrainingFootage, seed: int) -> dict:
    """What the files of the networks say of them, but for the step."""
    return {
        **stage.about,
        "sizes": [list(size) for size in footage.sizes],
        "width": footage.pose.width,
        "height": footage.pose.height,
        "seed": seed,
        "estimator": footage.pose.estimator,
    }


def _save_networks(outputs: StageOutputs, stage: Stage, trainer: Trainer, description: dict) -> None:
    """Write the generator, and the discriminator if a later stage continues with it."""
    if outputs.discriminator and isinstance(stage, FirstStage):
        weights = trainer.discriminator.state_dict()
        save_discriminator(outputs.discriminator, weights, stage.discriminator)
    save_generator(outputs.generator, trainer.average.state_dict(), description, stage.stored_background)


def open_footage(inputs: StageInputs, on_canvas: bool) -> tuple[FrameStore | SteadyFrames, Pose]:
    """Frames and pose that a stage learns from; with a still camera, unchanged.

    With a moving camera they lie on the canvas, for a generator with a background, or in the framing, for
    one that sees whole frames.
    """
    store, pose = FrameStore(inputs.frames), load_pose(inputs.pose)
    view = load_view(inputs.steady) if inputs.steady else None
    frames: FrameStore | SteadyFrames = store
    if view and not view.still and store.width != view.frame_size[0]:
        frames = HalvedFrames(store, view)
    elif view and on_canvas:
        frames, pose = open_steady(inputs.frames, view, inputs.path("steady")), view.on_canvas(pose)
    elif view:
        frames = open_steady(inputs.frames, view.framed(), inputs.path("steady"))
    refuse_mixed(
        {
            inputs.pose: frames_of(len(pose.keypoints), pose.width, pose.height),
            inputs.frames: frames_of(len(frames), frames.width, frames.height),
        }
    )
    return frames, pose


def _real_pixels(stage: Stage, inputs: StageInputs, fps: Fraction, count: int) -> RealPixels | None:
    """The RealPixels for the stage's generator, or None if it has no references."""
    if not stage.references:
        return None
    masks = load_masks(inputs.masks) if inputs.masks else None
    bank = load_bank_of(inputs.path("references"), load_pose(inputs.pose), count)
    return RealPixels(bank, masks, fps, count)


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"
