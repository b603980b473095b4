"""A training from its first step to its last, stopped and resumed."""

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from dancenow import progress
from dancenow.errors import DivergedError, Stopped
from dancenow.training import loop
from dancenow.training.dataset import TrainingFootage
from dancenow.training.loop import run_training
from dancenow.training.previews import Previews
from dancenow.training.rolling import RollingCheckpoint
from events import pictures, scalars
from performers import footage, performer
from tiny_trainers import PLAIN, STEPS, batches, make, run, weights


def test_without_a_moving_average_the_last_weights_are_kept(tmp_path):
    trainer = make(ema=0.0)
    run(trainer, tmp_path)
    copied = make(ema=1e-9)  # which ends with the same weights, by way of a copy
    run(copied, tmp_path / "copied")
    assert trainer.average is trainer.generator
    assert all(parameter.requires_grad for parameter in trainer.generator.parameters())
    assert torch.equal(weights(trainer), weights(copied))


def lacking_a_network(state):
    del state["average"]


def other_layers(state):
    state["generator"] = {f"renamed.{name}": value for name, value in state["generator"].items()}


def other_shapes(state):
    state["optimisers"]["generator"] = make(generator=PLAIN | {"channels": 8}).state()["optimisers"][
        "generator"
    ]
    state["generator"] = make(generator=PLAIN | {"channels": 8}).generator.state_dict()


def other_optimiser(state):
    state["optimisers"]["discriminator"] = state["optimisers"]["generator"]


def other_moments(state):
    moments = state["optimisers"]["generator"]["state"]
    moments[0], moments[1] = moments[1], moments[0]


def other_kinds(state):
    state["optimisers"] = ["what", "another program", "keeps"]


def other_recipe(state):
    state["identity"] = {"id": "b"}


def no_identity(state):
    state["identity"] = "another program's"


FOREIGN = (
    lacking_a_network, other_layers, other_shapes, other_optimiser, other_moments, other_kinds, other_recipe,
    no_identity,
)  # fmt: skip


def stopped(folder):
    """A training that was stopped after step 2, and its checkpoint."""
    trainer = make()
    with pytest.raises(Stopped):
        run(trainer, folder, should_stop=lambda: "SIGTERM" if trainer.step == 2 else None)
    return folder / "last.pt"


@pytest.mark.parametrize("foreign", FOREIGN, ids=lambda change: change.__name__)
def test_a_checkpoint_of_another_version_or_recipe_is_refused_and_the_good_one_used(
    foreign, tmp_path, caplog
):
    last = stopped(tmp_path)
    last.rename(tmp_path / "previous.pt")
    state = torch.load(tmp_path / "previous.pt", weights_only=True)
    foreign(state)
    torch.save(state, last)
    kept = last.read_bytes()
    caplog.set_level("INFO")
    resumed = make()
    run(resumed, tmp_path)
    assert f"{tmp_path / 'previous.pt'}: resuming at step 2" in caplog.text
    assert f"{last}: step 2 of a training with other settings or data (" in caplog.text
    assert (tmp_path / "last.refused").read_bytes() == kept
    assert torch.equal(weights(resumed), weights(whole()))


@pytest.mark.parametrize("foreign", [other_shapes, other_recipe], ids=lambda change: change.__name__)
def test_where_all_are_of_another_version_they_are_kept_and_the_training_begins_anew(
    foreign, tmp_path, caplog
):
    folder = tmp_path / "run"
    last = stopped(folder)
    state = torch.load(last, weights_only=True)
    foreign(state)
    torch.save(state, last)
    kept = last.read_bytes()
    begun = make()
    run(begun, folder)
    assert torch.equal(weights(begun), weights(whole()))
    assert (tmp_path / "run.before/last.pt").read_bytes() == kept
    assert "training starts from step 0. The old training is kept in" in caplog.text


@cache
def whole():
    """A training that was not stopped."""
    trainer = make()
    with TemporaryDirectory() as folder:
        run(trainer, Path(folder))
    return trainer


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
    with pytest.raises(
        Stopped, match=r"SIGTERM.*at step 2 of 6.*last\.pt is saved; enter the same command again"
    ):
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


def test_a_look_between_two_previews_changes_nothing(tmp_path, monkeypatch):
    def train(folder):
        pose, asked = performer(12), []
        frames = footage(pose)
        previews = Previews(TrainingFootage(frames, pose, frames[0], [(64, 64)], 12), 6, folder / "previews")

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


def test_a_training_loads_single_frames_for_single_frame_steps_only(tmp_path):
    sampler, asked = batches(), {}

    def listening(number, last_only):
        asked[number] = last_only
        return sampler(number, last_only)

    trainer = make(single_frame_share=0.5)
    run_training(trainer, listening, RollingCheckpoint(tmp_path, {"id": "a"}), lambda trainer, counts: None)
    assert asked == {number: number < STEPS / 2 for number in range(STEPS)}


def test_waiting_for_data_is_counted_and_nothing_else(tmp_path, monkeypatch):
    class Clock:
        """Of the loop and its log alone: a batch takes three seconds to come, a step one."""

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
    for module in (loop, progress):
        monkeypatch.setattr(module, "time", Clock)
    monkeypatch.setattr(loop, "prefetch", slow)
    checkpoint = RollingCheckpoint(tmp_path, {"id": "a"})
    _, seconds, waiting = run_training(trainer, batches(), checkpoint, lambda trainer, counts: None)
    assert (seconds, waiting) == (4 * STEPS, 0.75)
    told = [value for _, value in scalars(tmp_path / "tensorboard")["training/waiting_percent"]]
    assert told[-1] == 75
