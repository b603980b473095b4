"""One process of several under torchrun: some steps of a Trainer, its share of every batch; writes what came.

Run with: folder, then one or more of start-stop: at 0 a training begins, else it resumes from <start>.pt.
"""

import sys
from pathlib import Path

import torch

from dancenow import parallel
from dancenow.device import prepare
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.trainer import Trainer
from performers import footage, performer
from tiny_training import SETTINGS, settings

BATCH = 4


def train(folder, start, stop):
    """Steps `start` to `stop`, resuming from <start>.pt in `folder` unless 0; writes <stop>.rank<rank>.pt.

    It holds the losses, the state and, of the last step, what the optimisers were given: {name: gradient}.
    """
    torch.manual_seed(0)
    perceptual = PerceptualNetwork("test", [torch.nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    device = torch.device("cpu")
    # float32 throughout: two shares of a batch differ from the whole by the order of sums alone
    autocast = prepare(device, 1) | {"enabled": False}
    plain = {
        "batch": BATCH,
        "single_frame_share": 0.1,
        "generator": SETTINGS["generator"] | {"references": False},
    }
    trainer = Trainer(settings(**plain), perceptual, device, autocast, 20)
    pose = performer(16)
    frames = footage(pose)
    share = parallel.rank(), parallel.world_size()
    given = TrainingFootage(frames, pose, frames[0], [(64, 64), (96, 96)], 16)
    sampler = ClipSampler(given, BATCH, 3, share=share)
    if start:
        trainer.restore(torch.load(folder / f"{start}.pt", weights_only=True))
    losses = [trainer.train_step(sampler(number)) for number in range(start, stop)]
    networks = torch.nn.ModuleDict({name: getattr(trainer, name) for name in ("generator", "discriminator")})
    gradients = {name: value.grad for name, value in networks.named_parameters() if value.grad is not None}
    made = {"losses": losses, "gradients": gradients, **trainer.state()}
    torch.save(made, folder / f"{stop}.rank{parallel.rank()}.pt")


if __name__ == "__main__":
    with parallel.process_group():
        for steps in sys.argv[2:]:
            train(Path(sys.argv[1]), *map(int, steps.split("-")))
