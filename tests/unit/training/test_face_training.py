import copy

import numpy as np
import pytest
import torch
from torch import nn

from dancenow.device import prepare
from dancenow.errors import InputError
from dancenow.keypoints import INDEX
from dancenow.model.networks import Generator
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.pictures import read_png
from dancenow.references.making import make_bank
from dancenow.references.sampling import RealPixels
from dancenow.training.dataset import TrainingFootage
from dancenow.training.face_training import FacePreviews, FaceSampler, FaceTrainer, masked_lsgan
from performers import footage, performer
from tiny_training import settings

MAIN = {"channels": 4, "n_downsample": 2, "n_blocks": 1}
SHOWN = MAIN | {"background": True, "references": True}


def faceless(pose, frames):
    keypoints = pose.keypoints.copy()
    for name in ("nose", "left_ear", "right_ear"):
        keypoints[frames, INDEX[name]] = 0
    return pose.replace(keypoints=keypoints)


def make(steps=6, **changes):
    torch.manual_seed(0)
    perceptual = PerceptualNetwork("test", [nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    device = torch.device("cpu")
    # float32, so that what must be equal is
    autocast = prepare(device, 1) | {"enabled": False}
    return FaceTrainer(
        settings("face", **{"ema": 0.0} | changes), perceptual, device, autocast, steps, Generator(**MAIN)
    )


def sampler(pose=None, size=32, batch=2):
    pose = performer(12) if pose is None else pose
    return FaceSampler(size, TrainingFootage(footage(pose), pose, None, [(128, 96)], 12), batch, 3)


def shown_references():
    """(trainer, TrainingFootage) of a face stage whose main generator is shown real pixels."""
    pose = performer(12)
    frames = footage(pose)
    background = footage(pose.replace(keypoints=pose.keypoints * 0))[0]
    bank = make_bank(frames, pose, np.full(frames.shape[:3], 255, np.uint8), background, 12)
    pixels = RealPixels(bank, None, pose.fps, 12)
    given = TrainingFootage(frames, pose, background, [(64, 64)], 12, pixels=pixels)
    trainer = make()
    torch.manual_seed(0)
    trainer.main = Generator(**SHOWN).requires_grad_(False)
    return trainer, given


def weights(trainer):
    """All of both networks."""
    parts = (trainer.generator, trainer.discriminator)
    return torch.cat([p.detach().flatten() for part in parts for p in part.parameters()])


def learned(trainer, batch):
    """All weights of both networks after one step on the batch, and the losses."""
    losses = trainer.train_step(batch)
    return weights(trainer), losses


def test_one_square_per_frame_and_sample():
    batch = sampler()(0)
    count = batch["skeleton"].shape[1]
    assert batch["corner"].shape == (2, count, 2) and batch["visible"].shape == (2, count)
    assert batch["visible"].all()
    assert len({tuple(corner) for corner in batch["corner"].flatten(0, 1).tolist()}) > 2


def test_pairs_without_any_face_are_left_out_and_those_with_one_are_masked():
    samples = sampler(faceless(performer(12), slice(3, 8)))
    assert samples.clip_starts.tolist() == [0, 1, 2, 7, 8, 9, 10]
    seen = [tuple(samples(number)["visible"].flatten().tolist()) for number in range(4)]
    assert {False, True} == {one for each in seen for one in each}


def test_footage_without_a_face_and_a_square_too_large_are_refused():
    with pytest.raises(InputError, match="no training frame shows a face; set train.face to null"):
        sampler(faceless(performer(12), slice(0, 12)))
    with pytest.raises(InputError, match="train.face.size: 112 px does not fit into a window of 96 px"):
        sampler(size=112)


def test_both_face_networks_learn_and_the_main_generator_stays():
    trainer, batch = make(), sampler()(0)
    before = {name: value.clone() for name, value in trainer.main.state_dict().items()}
    parts = (trainer.generator, trainer.discriminator)
    started = torch.cat([p.detach().flatten() for part in parts for p in part.parameters()])
    after, losses = learned(trainer, batch)
    assert losses.keys() == {"gan", "perceptual", "l1", "discriminator_real", "discriminator_fake"}
    assert (after != started).float().mean() > 0.8
    assert all(torch.equal(value, before[name]) for name, value in trainer.main.state_dict().items())
    assert all(parameter.grad is None for parameter in trainer.main.parameters())
    assert "main" not in trainer.state()


def test_one_batch_again_and_again_brings_the_face_nearer():
    weights = {"gan": 0.0, "perceptual": 10.0, "l1": 0.0}
    trainer, batch = make(steps=30, lr_decay_share=0.0, weights=weights), sampler()(0)
    losses = [trainer.train_step(batch)["perceptual"] for _ in range(30)]
    assert np.mean(losses[-3:]) < 0.7 * losses[0]


def test_what_is_outside_the_squares_teaches_the_face_nothing():
    batch = sampler()(0)
    other = dict(batch, image=batch["image"].clone())
    other["image"][:, :, :, :, :20] = 255  # the figure stands in the middle
    assert torch.equal(learned(make(), batch)[0], learned(make(), other)[0])


def test_a_frame_without_a_face_teaches_nothing():
    batch = sampler()(0)
    masked = dict(batch, visible=batch["visible"].clone())
    masked["visible"][1, -1] = False
    other = dict(masked, image=masked["image"].clone())
    other["image"][1, -1] = 255
    (one, losses), (same, _), (all_seen, whole) = (learned(make(), b) for b in (masked, other, batch))
    assert torch.equal(one, same)
    assert not torch.equal(one, all_seen)
    assert losses["perceptual"] < whole["perceptual"]
    nothing = dict(batch, visible=torch.zeros_like(batch["visible"]))
    assert set(learned(make(), nothing)[1].values()) == {0.0}


def test_a_batch_of_two_is_the_mean_of_its_samples():
    both = sampler()(0)
    together = make().train_step(both)
    apart = [make().train_step({name: value[[i]] for name, value in both.items()}) for i in range(2)]
    for name in ("gan", "perceptual", "discriminator_real"):
        assert together[name] == pytest.approx(sum(each[name] for each in apart) / 2, rel=1e-4)


def test_the_synthesized_face_conditions_the_next_frame_where_there_is_one():
    trainer, batch = make(), sampler()(0)
    clips = trainer._on_device(batch)
    corners, visible = batch["corner"], batch["visible"].clone()
    visible[1] = False
    seen = []
    trainer.main.register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    images = trainer._synthesize(clips, corners, visible)
    assert images.shape == clips.skeletons.shape and not images.requires_grad
    x, y = corners[0, 0].tolist()
    changed = (seen[1] != images[:, 0]).any(dim=1)
    assert changed[0, y : y + 32, x : x + 32].any() and not changed[1].any()
    assert changed[0].sum() == changed[0, y : y + 32, x : x + 32].sum()


def test_the_main_generator_is_shown_each_frames_own_references():
    trainer, given = shown_references()
    samples = FaceSampler(32, given, 2, 3)
    batch = next(batch for number in range(9) if (batch := samples(number))["reference"].any())
    assert "mask" not in batch
    clips = trainer._on_device(batch)
    seen = []
    trainer.main.register_forward_pre_hook(lambda _, __, named: seen.append(named), with_kwargs=True)
    synthesized = trainer._synthesize(clips, batch["corner"], batch["visible"])
    assert [given["copying"].tolist() for given in seen] == [[[[[0.0]]], [[[0.0]]]]] * 2
    assert all(torch.equal(given["reference"], clips.references[:, at]) for at, given in enumerate(seen))
    # which it does not copy: what is brighter there is not synthesized brighter
    bright = clips._replace(references=clips.references.clone())
    bright.references[:, :, :3] = clips.references[:, :, 3:]
    brighter = trainer._synthesize(bright, batch["corner"], batch["visible"]) - synthesized
    valid = (clips.references[:, :, 3:] > 0.99).expand_as(synthesized)
    assert (bright.references - clips.references)[:, :, :3][valid].mean() > 0.3
    assert brighter[valid].mean() < 0.1


def test_the_face_learns_beside_references_and_its_previews_show_it(tmp_path):
    trainer, given = shown_references()
    _, losses = learned(trainer, FaceSampler(32, given, 2, 3)(0))
    assert all(np.isfinite(value) for value in losses.values()) and losses["perceptual"] > 0
    previews = FacePreviews(32, trainer.main, given, 6, tmp_path)
    trainer.step = 1
    assert previews(trainer) > 0


def test_lsgan_of_what_counts_over_all():
    realness = torch.tensor([1.0, 3.0, 0.0]).view(3, 1, 1, 1).expand(3, 1, 2, 2)
    shown = torch.tensor([1.0, 1.0, 0.0])
    assert masked_lsgan(realness, True, shown) == pytest.approx(4 / 3)
    assert masked_lsgan(realness, False, shown) == pytest.approx(10 / 3)


def test_a_resumed_step_is_the_same_step():
    whole, batches = make(), sampler()
    for number in range(2):
        whole.train_step(batches(number))
    first, second = make(), make(seed=9)
    first.train_step(batches(0))
    second.restore(first.state())
    second.settings = whole.settings
    second.train_step(batches(1))
    for name in ("generator", "discriminator"):
        pairs = zip(getattr(whole, name).parameters(), getattr(second, name).parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


def test_a_face_stage_in_float16_skips_what_overflows_and_resumes_with_its_scales():
    def in_float16():
        trainer = make()
        trainer.autocast = {"device_type": "cpu", "dtype": torch.float16, "enabled": True}
        trainer.scalers = {name: torch.amp.GradScaler("cpu") for name in trainer.optimisers}
        return trainer

    trainer, batches = in_float16(), sampler()
    for scaler in trainer.scalers.values():
        scaler.scale(torch.zeros(()))
        scaler.update(2.0**60)
    skipped, _ = learned(trainer, batches(0))
    assert torch.equal(skipped, weights(make()))
    assert {scaler.get_scale() for scaler in trainer.scalers.values()} == {2.0**59}
    for scaler in trainer.scalers.values():
        scaler.update(2.0**8)
    learned(trainer, batches(1))
    resumed = in_float16()
    resumed.restore(copy.deepcopy(trainer.state()))
    assert {scaler.get_scale() for scaler in resumed.scalers.values()} == {2.0**8}
    after, again = learned(trainer, batches(2)), learned(resumed, batches(2))
    assert torch.equal(after[0], again[0]) and after[1] == again[1] and not torch.equal(after[0], skipped)


def test_wide_face_layers_synthesize_with_what_they_have_just_learned():
    """Nothing that is made of the weights, as a cast or a transformed copy, may outlive a step."""
    batch, wide = sampler()(0), {"channels": 96, "n_downsample": 2, "n_blocks": 1}

    def in_bfloat16(**changes):
        trainer = make(generator=wide, **changes)
        trainer.autocast = {"device_type": "cpu", "dtype": torch.bfloat16, "enabled": True}
        return trainer

    def synthesized(trainer):
        return trainer._synthesize(trainer._on_device(batch), batch["corner"], batch["visible"])

    trainer, fresh = in_bfloat16(learning_rate=0.1), in_bfloat16()
    before = synthesized(trainer)
    trainer.train_step(batch)
    fresh.restore(trainer.state())
    assert not torch.equal(synthesized(trainer), before)
    assert torch.equal(synthesized(trainer), synthesized(fresh))


def test_previews_show_the_faces_square(tmp_path):
    pose, trainer = performer(12), make()
    frames = footage(pose)
    given = TrainingFootage(frames, pose, None, [(128, 96)], 12)
    previews = FacePreviews(32, trainer.main, given, 6, tmp_path)
    trainer.step = 1
    error = previews(trainer)
    previews.write_strip(tmp_path / "strip.png", [1])
    result, real = np.split(read_png(tmp_path / "strip.png"), 2)
    x, y, w, h = previews.shown[previews.moments[0]]
    assert (w, h) == (32, 32)
    assert np.array_equal(real[:, :32], frames[previews.moments[0]][y : y + 32, x : x + 32])
    assert error == pytest.approx(np.abs(result.astype(int) - real).mean())
