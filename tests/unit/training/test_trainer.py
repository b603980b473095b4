import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from dancenow import parallel
from dancenow.errors import DivergedError
from dancenow.model.networks import Foreground, initialise
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.trainer import SYNTHESIZED, Clips, Trainer, corrupt_last_frame
from performers import footage, performer
from tiny_trainers import PLAIN, STEPS, batches, make, shown, weights


def test_real_pixels_and_masks_come_with_a_batch_and_lower_its_loss():
    trainer, sampler = shown(
        steps=12,
        single_frame_share=10 / 12,
        learning_rate=3e-3,
        lr_decay_share=0.0,
        last_frame_corruption=0.0,
    )
    batch = sampler(0)
    height, width = batch["image"].shape[-2:]
    assert batch["reference"].shape == (2, 2, 4, height, width)
    assert batch["mask"].shape == (2, 2, 1, height, width)
    assert batch["mask"].any() and not batch["mask"].all() and batch["reference"].any()
    losses = [trainer.train_step(batch) for _ in range(12)]
    assert losses[9]["l1"] < losses[0]["l1"]  # small from the start: a new generator shows the pieces
    for name in ("foreground", "mask"):
        alone, pairs = ([step[name] for step in part] for part in (losses[:10], losses[10:]))
        assert alone[-1] < 0.5 * alone[0] and max(pairs) < 0.5 * alone[0], name
    assert "gan" not in losses[9] and "gan" in losses[10]


def test_colours_learn_where_the_mask_shows_the_person_however_thin_the_foreground():
    trainer, _ = shown()
    real, masks = torch.zeros(1, 3, 2, 2), torch.tensor([[[[1.0, 0.0], [1.0, 0.0]]]])
    colour = torch.full((1, 3, 2, 2), 0.5, requires_grad=True)
    foreground = Foreground(colour, torch.full((1, 1, 2, 2), 1e-3), torch.full((1, 1, 2, 2), -7.0))
    losses = trainer._picture_losses(real, real, [foreground], masks, None)
    losses["foreground"].backward()
    assert losses["foreground"].item() == pytest.approx(0.25, rel=0.01)
    assert (colour.grad[..., 0] > 100 * colour.grad[..., 1]).all()


def test_a_third_of_the_samples_must_synthesize_and_which_depends_on_the_seed_alone():
    trainer, sampler = shown()
    clips = trainer._on_device(sampler(0))

    def drawn(seed):
        trainer.randoms = [np.random.default_rng([seed, i]) for i in range(600)]
        return trainer._copying(clips)

    assert drawn(0).shape == (600, 1, 1, 1) and set(drawn(0).unique().tolist()) == {0.0, 1.0}
    assert drawn(0).mean() == pytest.approx(1 - SYNTHESIZED, abs=0.06)
    assert torch.equal(drawn(0), drawn(0)) and not torch.equal(drawn(0), drawn(1))
    assert trainer._copying(clips._replace(references=None)) is None


def test_repeating_one_batch_lowers_its_loss():
    trainer, batch = (
        make(steps=20, learning_rate=3e-3, lr_decay_share=0.0, last_frame_corruption=0.0),
        batches()(0),
    )
    losses = [trainer.train_step(batch)["l1"] for _ in range(20)]
    assert np.mean(losses[-5:]) < 0.6 * losses[0]


def test_batch_of_two_is_the_mean_of_its_samples():
    both = batches(2)(0)
    together = make(last_frame_corruption=0.0).train_step(both)
    apart = [
        make(last_frame_corruption=0.0).train_step({name: value[[i]] for name, value in both.items()})
        for i in range(2)
    ]
    for name in ("gan", "l1", "discriminator_real"):
        assert together[name] == pytest.approx(sum(each[name] for each in apart) / 2, rel=0.03)


def test_generator_step_leaves_the_discriminator_alone():
    trainer, batch = make(), batches()(0)
    trainer.optimisers["discriminator"].step = lambda: None
    before = [parameter.clone() for parameter in trainer.discriminator.parameters()]
    trainer.train_step(batch)
    assert all(torch.equal(a, b) for a, b in zip(before, trainer.discriminator.parameters(), strict=True))
    assert all(parameter.requires_grad for parameter in trainer.discriminator.parameters())


def test_corrupted_frames_keep_their_values_but_not_their_places():
    previous, empty = torch.rand(2, 3, 64, 64), torch.full((2, 3, 64, 64), -1.0)
    corrupted = corrupt_last_frame(previous, empty, 1.0, [np.random.default_rng(seed) for seed in (0, 1)])
    assert 0.02 < (corrupted != previous).float().mean() < 0.6
    assert torch.isin(corrupted, torch.cat([previous.flatten(), torch.tensor([-1.0])])).all()
    assert torch.equal(corrupt_last_frame(previous, empty, 0.0, [np.random.default_rng(0)] * 2), previous)


def test_the_published_form_trains_on_whole_frames_without_a_background():
    network = PLAIN | {"background": False, "skips": False, "unshuffle": 1}
    trainer = make(generator=network, last_frame_corruption=0.0)
    pose = performer(12)
    whole = ClipSampler(TrainingFootage(footage(pose), pose, None, [(128, 96)], 12), 1, 3)
    losses = [trainer.train_step(whole(number))["l1"] for number in range(3)]
    assert all(np.isfinite(losses))


def test_each_parameter_is_optimised_once():
    trainer = make()
    for optimiser in trainer.optimisers.values():
        parameters = [id(p) for group in optimiser.param_groups for p in group["params"]]
        assert len(parameters) == len(set(parameters))


def test_learning_rate_falls_to_zero_over_the_last_half():
    trainer, batch = make(steps=100), batches()(0)
    rates = []
    for trainer.step in (0, 49, 75, 99):
        trainer.update(batch)
        rates.append(trainer.optimisers["generator"].param_groups[0]["lr"] / 1e-3)
    assert rates == pytest.approx([1, 1, 0.5, 0.02])


def test_single_frame_steps_teach_the_generator_alone():
    trainer, batch = make(single_frame_share=0.5), batches()(0)
    first = [p.clone() for p in trainer.discriminator.parameters()]
    kinds = [set(trainer.train_step(batch)) for _ in range(STEPS)]
    assert kinds[: STEPS // 2] == [{"perceptual", "l1", "foreground"}] * (STEPS // 2)
    assert all({"gan", "discriminator_real", "foreground"} < kind for kind in kinds[STEPS // 2 :])

    trainer = make(single_frame_share=1.0)
    trainer.train_step(batch)
    assert all(torch.equal(a, b) for a, b in zip(first, trainer.discriminator.parameters(), strict=True))
    past = trainer.generator.stem[1].weight[:, 12:]
    assert not past.any(), "single_frame_share have no past: its weights must not move before the pairs begin"


def test_the_second_frame_teaches_the_first():
    """Gradients of frame t + 1 flow through the output of frame t (the paper's two-frame step)."""
    trainer = make()
    trainer.randoms = [np.random.default_rng(0)]
    skeletons = torch.rand(1, 2, 3, 64, 64)
    skeletons[:, 0].requires_grad_()
    leaf = skeletons[:, 0].detach().requires_grad_()
    empty = torch.zeros(1, 2, 3, 64, 64)
    both = torch.stack([leaf, skeletons[:, 1].detach()], dim=1)
    trainer.generator.apply(initialise)  # a new generator does not look at its last output yet
    images, _ = trainer.synthesize(Clips(both, both.detach(), empty))
    images[:, 1].sum().backward()
    assert leaf.grad.abs().max() > 0


def test_the_terms_of_a_loss_that_is_not_finite_are_named():
    trainer, batch = make(), batches()(0)
    with torch.no_grad():
        next(trainer.generator.parameters()).fill_(float("inf"))
    with pytest.raises(DivergedError, match=r"^step 1: a loss is not finite: gan nan, .*l1 nan"):
        trainer.train_step(batch)


def test_same_seed_same_weights_and_another_seed_others():
    runs = [make(), make(), make(seed=4)]
    for trainer in runs:
        trainer.train_step(batches()(0))
    assert torch.equal(weights(runs[0]), weights(runs[1]))
    assert not torch.equal(weights(runs[0]), weights(runs[2]))


def test_a_single_frame_step_makes_the_same_of_the_last_frames_alone():
    weights = []
    for last_only in (False, True):
        trainer, sampler = shown(single_frame_share=1.0)
        for number in range(3):
            assert trainer.takes_last_only(trainer.step)
            trainer.train_step(sampler(number, last_only))
        weights.append(trainer.generator.state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


class Reads(TorchDispatchMode):
    """Counts how often a number is fetched from a tensor: on a GPU each waits for all that was begun."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += "_local_scalar_dense" in str(function)
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_step_fetches_no_number_before_all_its_losses_at_once(share):
    trainer, sampler = shown(single_frame_share=share)
    with Reads() as reads:
        losses = {name: value.detach() for name, value in trainer.update(sampler(0)).items()}
    assert reads.count == 0 and len(losses) > 3
    values = parallel.average(losses)
    assert values == {name: value.item() for name, value in losses.items()}


def test_a_float16_step_whose_gradients_overflow_is_left_out_and_the_scale_is_kept(tmp_path):
    trainer, batch = make(), batches()(0)
    float16 = {"device_type": "cpu", "dtype": torch.float16, "enabled": True}
    torch.manual_seed(0)
    perceptual = PerceptualNetwork("test", [nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    trainer = Trainer(trainer.settings, perceptual, trainer.device, float16, STEPS)
    scaler = trainer.scalers["generator"]
    before = {name: value.clone() for name, value in trainer.generator.state_dict().items()}
    scaler.scale(torch.zeros(()))  # makes the scale, which is too large below
    scaler.update(2.0**40)
    trainer.train_step(batch)
    assert all(torch.equal(value, before[name]) for name, value in trainer.generator.state_dict().items())
    assert scaler.get_scale() == 2.0**39
    scaler.update(2.0**8)
    trainer.train_step(batch)
    moved = [not torch.equal(value, before[name]) for name, value in trainer.generator.state_dict().items()]
    assert any(moved)
    other = Trainer(trainer.settings, perceptual, trainer.device, float16, STEPS)
    other.restore(copy.deepcopy(trainer.state()))
    assert other.scalers["generator"].get_scale() == 2.0**8
    # and the next step of both is the same
    assert other.train_step(batches()(1)) == trainer.train_step(batches()(1))
    assert torch.equal(weights(other), weights(trainer))


def test_float16_learns_about_what_float32_does_from_the_scale_that_a_training_begins_with():
    """As on cards without bfloat16 (Turing, older AMD): the first steps lower the scale and are lost."""
    exact, single = make(steps=40, learning_rate=2e-3), make(steps=40, learning_rate=2e-3)
    single.autocast = {"device_type": "cpu", "dtype": torch.float16, "enabled": True}
    single.scalers = {name: torch.amp.GradScaler("cpu") for name in single.optimisers}
    batch = batches()(0)
    # later, float32's own rounding moves a loss by half: of 20 steps, other batches gave .6 to 1.4 times it
    losses = [[each.train_step(batch)["perceptual"] for _ in range(11)] for each in (exact, single)]
    assert losses[1][0] == pytest.approx(losses[0][0], rel=0.01)
    assert losses[1][-1] < 0.9 * losses[1][0] and losses[1][-1] == pytest.approx(losses[0][-1], rel=0.1)
    assert all(scaler.get_scale() >= 2.0**8 for scaler in single.scalers.values())
