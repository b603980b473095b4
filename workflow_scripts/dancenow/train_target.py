"""From a target's footage and poses to its generator file."""

import hashlib
import logging
import shutil
from pathlib import Path

from dancenow.checkpoint import save_generator
from dancenow.dataset import ClipSampler, training_frame_count
from dancenow.device import pick_device, prepare
from dancenow.files import read_json, write_json
from dancenow.frames import FrameStore
from dancenow.keypoints import load_pose
from dancenow.networks import parameter_count
from dancenow.perceptual import load_perceptual
from dancenow.pictures import read_png
from dancenow.previews import Previews
from dancenow.training import Trainer, preview_steps, run_training
from dancenow.windows import choose_sizes

log = logging.getLogger(__name__)


def train_target(inputs, outputs, settings, holdout, threads):
    """Train, or resume, and write the generator, its losses, its settings and a strip of previews.

    inputs: frames, pose, perceptual and, for a generator with a plate, plate (paths); outputs: generator,
    losses, settings, progress (paths); settings: the `train` section; holdout: share of the clip's end
    that training never sees. A folder `run` beside the generator holds the rolling checkpoint meanwhile.
    """
    device = pick_device()
    autocast = prepare(device, threads)
    frames, pose = FrameStore(inputs.frames), load_pose(inputs.pose)
    plate = read_png(Path(inputs.plate)) if settings["generator"]["plate"] else None
    count = training_frame_count(len(frames), holdout)
    sizes = [(pose.width, pose.height)]
    if plate is not None:
        sizes = choose_sizes(pose.keypoints[:count], pose.width, pose.height)
    batch, lead, seed = settings["batch"], settings["lead"], settings["seed"]
    sampler = ClipSampler(frames, pose, plate, sizes, count, batch, lead, seed, frames.cuts)
    steps = settings["steps"]
    if settings["epochs"]:
        steps = max(1, round(settings["epochs"] * len(sampler.pairs) / settings["batch"]))
    decision = read_json(inputs.perceptual)
    trainer = Trainer(settings, load_perceptual(decision), device, autocast, steps)
    folder = Path(outputs.generator).parent / "run"
    identity = {
        "settings": settings,
        "steps": steps,
        "sizes": [list(size) for size in sizes],
        "pose": hashlib.sha256(Path(inputs.pose).read_bytes()).hexdigest(),
        "perceptual": decision["sha256"],
        "cuts": frames.cuts,
    }
    log.info(
        "training on %s, %s, %d threads: %d pairs, windows %s, %d steps, generator %.1f M parameters",
        device, "bfloat16" if autocast["enabled"] else "float32", threads, len(sampler.pairs), sizes, steps,
        parameter_count(trainer.generator) / 1e6,
    )  # fmt: skip
    previews = Previews(frames, pose, plate, sizes, count if holdout else 0, folder / "previews")
    losses = run_training(trainer, sampler, folder, identity, previews)
    description = {
        "network": settings["generator"],
        "sizes": [list(size) for size in sizes],
        "width": pose.width,
        "height": pose.height,
        "seed": settings["seed"],
        "step": trainer.step,
        "estimator": pose.estimator,
    }
    write_json(outputs.settings, identity | description)
    shutil.copyfile(losses, outputs.losses)
    previews.write_strip(Path(outputs.progress), preview_steps(steps))
    save_generator(outputs.generator, trainer.average.state_dict(), description, plate)
    # the previews stay; the checkpoint has done its duty and is several times the generator's size
    (folder / "last.pt").unlink(missing_ok=True)
