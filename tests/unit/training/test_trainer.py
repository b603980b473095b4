import json
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from dancenow import parallel
from dancenow.device import prepare
from dancenow.errors import DivergedError, Stopped
from dancenow.model.networks import initialise
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.references.bank import make_bank
from dancenow.references.draw import RealPixels
from dancenow.training import loop
from dancenow.training.dataset import ClipSampler
from dancenow.training.loop import run_training
from dancenow.training.previews import Previews
from dancenow.training.rolling import RollingCheckpoint
from dancenow.training.trainer import SYNTHESIZED, Clips, Trainer, corrupt_last_frame
from events import pictures, scalars
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
    return ClipSampler(frames, pose, frames[0], [(64, 64)], 12, batch, 3)


def shown(**changes):
    """A Trainer whose generator is shown real pixels, and its sampler."""
    pose = performer(12)
    frames = footage(pose)
    background = footage(pose.replace(keypoints=pose.keypoints * 0))[0]
    masks = np.where((frames != background).any(axis=-1), 255, 0).astype(np.uint8)
    everywhere = np.full_like(masks, 255)
    pixels = RealPixels(make_bank(frames, pose, everywhere, background, 12), masks, pose.fps, 12)
    trainer = make(generator=SETTINGS["generator"], **changes)
    return trainer, ClipSampler(frames, pose, background, [(64, 64)], 12, 2, 3, pixels=pixels)


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
    for name in ("l1", "mask"):
        alone, pairs = ([step[name] for step in part] for part in (losses[:10], losses[10:]))
        assert alone[-1] < 0.5 * alone[0] and max(pairs) < 0.5 * alone[0], name
    assert "gan" not in losses[9] and "gan" in losses[10]


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
    whole = ClipSampler(footage(pose), pose, None, [(128, 96)], 12, 1, 3)
    losses = [trainer.train_step(whole(number))["l1"] for number in range(3)]
    assert all(np.isfinite(losses))


def test_each_parameter_is_optimised_once():
    trainer = make()
    for optimiser in trainer.optimisers.values():
        parameters = [id(p) for group in optimiser.param_groups for p in group["params"]]
        assert len(parameters) == len(set(parameters))


def test_learning_rate_falls_to_zero_over_the_last_half():
    trainer = make(steps=100)
    rates = []
    for trainer.step in (0, 49, 75, 99):
        rates.append(trainer.learning_rate() / 1e-3)
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


def weights(trainer):
    return torch.cat([parameter.flatten() for parameter in trainer.average.parameters()])


def run(trainer, folder, preview=lambda trainer, counts: None, identity="a", should_stop=lambda: None):
    return run_training(trainer, batches(), RollingCheckpoint(folder, {"id": identity}), preview, should_stop)


def test_a_compiled_step_is_the_same_step(monkeypatch):
    # how torch.compile is called is tested here, not what it makes, which takes it a minute
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    plain, compiled = make(single_frame_share=0.4), make(single_frame_share=0.4, compile=True)
    for trainer in (plain, compiled):
        trainer.autocast["enabled"] = False
    samples = batches()
    for number in range(STEPS):
        # each from the same weights: rounding that Adam scales up would add up over the steps
        compiled.restore(plain.state())
        expected = plain.train_step(samples(number))
        assert compiled.train_step(samples(number)) == pytest.approx(expected, rel=1e-3)
    # a training may change its mind: the weights have the same names
    make().restore(compiled.state())


def test_without_a_moving_average_the_last_weights_are_kept(tmp_path):
    trainer = make(ema=0.0)
    run(trainer, tmp_path)
    copied = make(ema=1e-9)  # which ends with the same weights, by way of a copy
    run(copied, tmp_path / "copied")
    assert trainer.average is trainer.generator
    assert all(parameter.requires_grad for parameter in trainer.generator.parameters())
    assert torch.equal(weights(trainer), weights(copied))


@pytest.mark.parametrize("ema", [0.9, 0.0])
def test_resumed_run_ends_with_the_same_bytes(tmp_path, monkeypatch, ema):
    whole = make(ema=ema)
    run(whole, tmp_path / "whole")

    class KilledError(Exception):
        pass

    def kill(trainer, counts):
        if trainer.step == 4:
            raise KilledError

    monkeypatch.setattr("dancenow.training.loop.SAVE_SECONDS", -1)  # a checkpoint after every step
    monkeypatch.setattr("dancenow.training.loop.OVERHEAD_SHARE", 1e9)
    with pytest.raises(KilledError):
        run(make(ema=ema), tmp_path / "cut", kill)
    resumed = make(ema=ema)
    run(resumed, tmp_path / "cut")
    assert torch.equal(weights(whole), weights(resumed))
    steps = range(1, STEPS + 1)
    for name in ("whole", "cut"):
        assert [step for step, _ in scalars(tmp_path / name / "tensorboard")["loss/l1"]] == list(steps)
    lines = [(tmp_path / name / "losses.jsonl").read_text() for name in ("whole", "cut")]
    assert lines[0] == lines[1]
    assert [json.loads(line)["step"] for line in lines[0].splitlines()] == list(range(1, STEPS + 1))


def test_asked_to_stop_it_finishes_the_step_and_saves(tmp_path):
    trainer = make()
    with pytest.raises(Stopped, match=r"SIGTERM.*at step 2 of 6.*last\.pt is saved.*resumes"):
        run(trainer, tmp_path, should_stop=lambda: "SIGTERM" if trainer.step == 2 else None)
    assert RollingCheckpoint(tmp_path, {"id": "a"}).load()["step"] == 2


def test_loss_that_is_not_finite_names_step_terms_and_checkpoint_and_saves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("dancenow.training.loop.SAVE_SECONDS", -1)
    monkeypatch.setattr("dancenow.training.loop.OVERHEAD_SHARE", 1e9)

    def poison(trainer, counts):
        if trainer.step == 3:
            with torch.no_grad():
                next(trainer.discriminator.parameters()).fill_(float("nan"))

    with pytest.raises(DivergedError) as error:
        run(make(), tmp_path, poison)
    # the loss of step 3 was finite, its networks no longer were: they are not saved either
    assert "step 3: discriminator.scales.0" in str(error.value)
    assert f"the last good checkpoint is {tmp_path / 'last.pt'}, step 2" in str(error.value)
    assert "train.learning_rate" in str(error.value)
    state = RollingCheckpoint(tmp_path, {"id": "a"}).load()
    assert state["step"] == 2 and all(value.isfinite().all() for value in state["generator"].values())


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


def test_a_look_between_two_previews_changes_nothing(tmp_path, monkeypatch):
    def train(folder):
        pose, asked = performer(12), []
        frames = footage(pose)
        previews = Previews(frames, pose, frames[0], [(64, 64)], 6, folder / "previews")

        def preview(trainer, counts):
            asked.append((trainer.step, counts))
            error = previews(trainer) if counts else previews.look(trainer)
            return previews.latest, error

        trainer = make(steps=20)
        run(trainer, folder, preview)
        kept = sorted(path.name for path in (folder / "previews").iterdir())
        assert kept == ["latest.png", *(f"step-{step:06d}.png" for step in range(2, 21, 2))]
        told = [step for step, *_ in pictures(folder / "tensorboard")["preview"]]
        assert told == [step for step, _ in asked]
        return asked, weights(trainer)

    asked, expected = train(tmp_path / "tenths")
    assert asked == [(step, True) for step in range(2, 21, 2)]
    monkeypatch.setattr("dancenow.training.loop.LOOK_SECONDS", 0)
    monkeypatch.setattr("dancenow.training.loop.OVERHEAD_SHARE", 1e9)
    asked, found = train(tmp_path / "always")
    assert asked == [(step, step % 2 == 0) for step in range(1, 21)]
    assert torch.equal(found, expected)


def test_a_single_frame_step_makes_the_same_of_the_last_frames_alone():
    weights = []
    for last_only in (False, True):
        trainer, sampler = shown(single_frame_share=1.0)
        for number in range(3):
            assert trainer.takes_last_only(trainer.step)
            trainer.train_step(sampler(number, last_only))
        weights.append(trainer.generator.state_dict())
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())


def test_a_training_loads_single_frames_for_single_frame_steps_only(tmp_path):
    sampler, asked = batches(), {}

    def listening(number, last_only):
        asked[number] = last_only
        return sampler(number, last_only)

    trainer = make(single_frame_share=0.5)
    run_training(trainer, listening, RollingCheckpoint(tmp_path, {"id": "a"}), lambda trainer, counts: None)
    assert asked == {number: number < STEPS / 2 for number in range(STEPS)}


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
    other.restore(trainer.state())
    assert other.scalers["generator"].get_scale() == 2.0**8


def test_waiting_for_data_is_counted_and_nothing_else(tmp_path, monkeypatch):
    class Clock:
        """Of the loop alone: a batch takes three seconds to come, a step one."""

        now = 0.0
        monotonic = staticmethod(lambda: Clock.now)

    def slow(sampler, start, stop, device):
        for number in range(start, stop):
            Clock.now += 3
            yield sampler(number)

    trainer = make()
    step = trainer.train_step

    def timed(batch):
        Clock.now += 1
        return step(batch)

    monkeypatch.setattr(trainer, "train_step", timed)
    monkeypatch.setattr(loop, "time", Clock)
    monkeypatch.setattr(loop, "prefetch", slow)
    checkpoint = RollingCheckpoint(tmp_path, {"id": "a"})
    _, seconds, waiting = run_training(trainer, batches(), checkpoint, lambda trainer, counts: None)
    assert (seconds, waiting) == (4 * STEPS, 0.75)
    told = [value for _, value in scalars(tmp_path / "tensorboard")["training/waiting_percent"]]
    assert told[-1] == 75
