"""What a step optimises: the sum of its terms, and in which direction."""

import pytest
import torch
from torch import nn

from dancenow.training.schedule import average_decay
from tiny_trainers import batches, make, shown, weights


class OfOneMind(nn.Module):
    """A discriminator at one scale that takes everything for real, or for a fake."""

    def __init__(self, real):
        super().__init__()
        self.says = nn.Parameter(torch.tensor(float(real)))

    def forward(self, skeletons, images):
        return [[self.says.expand(len(images), 1, 1, 1)] * 2]


@pytest.mark.parametrize("real", [True, False])
def test_the_generator_wants_to_be_taken_for_real_and_the_discriminator_to_tell(real):
    trainer = make()
    trainer.discriminator = trainer.parallel["discriminator"] = OfOneMind(real)
    losses = trainer.train_step(batches()(0))
    told = [losses[name] for name in ("gan", "discriminator_real", "discriminator_fake")]
    assert told == ([0, 0, 1] if real else [1, 1, 0])


def test_what_is_optimised_is_the_weighted_sum_of_the_terms():
    trainer, sampler = shown()
    optimised = {}
    trainer._optimise = lambda name, loss: optimised.update({name: loss.item()})
    losses = trainer.train_step(sampler(0))
    given = trainer.settings.weights
    expected = given.gan * losses["gan"] + given.feature_matching * losses["feature_matching"]
    expected += given.perceptual * losses["perceptual"] + given.l1 * losses["l1"]
    expected += given.l1 * losses["foreground"] + 10 * losses["mask"]
    assert given.l1 > 0 and losses["foreground"] > 0 and losses["mask"] > 0
    assert optimised["generator"] == pytest.approx(expected, rel=1e-4)
    judged = losses["discriminator_real"] + losses["discriminator_fake"]
    assert optimised["discriminator"] == pytest.approx(judged / 2, rel=1e-4)


def test_the_average_follows_the_weights_slowly():
    trainer = make(ema=0.9, learning_rate=1e-2, lr_decay_share=0.0)
    for step in range(6):
        before = weights(trainer)
        trainer.train_step(batches()(step))
        now = torch.cat([parameter.flatten() for parameter in trainer.generator.parameters()])
        kept = average_decay(0.9, step)
        assert torch.allclose(weights(trainer), kept * before + (1 - kept) * now, atol=1e-6)
    assert kept > 0.3 and not torch.allclose(weights(trainer), now, atol=1e-3)
