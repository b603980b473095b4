"""Trainers of tiny networks on drawn footage, and their runs."""

import numpy as np
import torch
from torch import nn

from dancenow.device import prepare
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.references.making import make_bank
from dancenow.references.sampling import RealPixels
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.loop import run_training
from dancenow.training.rolling import RollingCheckpoint
from dancenow.training.trainer import Trainer
from performers import footage, performer
from tiny_training import SETTINGS, settings

STEPS = 6
PLAIN = SETTINGS["generator"] | {"references": False}


def make(steps=STEPS, **changes):
    torch.manual_seed(0)
    perceptual = PerceptualNetwork("test", [nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    device = torch.device("cpu")
    return Trainer(
        settings(**{"single_frame_share": 0.0, "generator": PLAIN} | changes),
        perceptual,
        device,
        prepare(device, 1),
        steps,
    )


def batches(batch=2):
    pose = performer(12)
    frames = footage(pose)
    return ClipSampler(TrainingFootage(frames, pose, frames[0], [(64, 64)], 12), batch, 3)


def shown(**changes):
    """A Trainer whose generator is shown real pixels, and its sampler."""
    pose = performer(12)
    frames = footage(pose)
    background = footage(pose.replace(keypoints=pose.keypoints * 0))[0]
    masks = np.where((frames != background).any(axis=-1), 255, 0).astype(np.uint8)
    everywhere = np.full_like(masks, 255)
    pixels = RealPixels(make_bank(frames, pose, everywhere, background, 12), masks, pose.fps, 12)
    trainer = make(generator=SETTINGS["generator"], **changes)
    given = TrainingFootage(frames, pose, background, [(64, 64)], 12, pixels=pixels)
    return trainer, ClipSampler(given, 2, 3)


def weights(trainer):
    return torch.cat([parameter.flatten() for parameter in trainer.average.parameters()])


def run(trainer, folder, preview=lambda trainer, counts: None, identity="a", should_stop=lambda: None):
    return run_training(trainer, batches(), RollingCheckpoint(folder, {"id": identity}), preview, should_stop)
