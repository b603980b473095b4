"""`temporal: false`, the paper's baseline FBF: no frame has any part in another."""

import numpy as np
import pytest
import torch
from torch import nn

from dancenow.device import prepare
from dancenow.errors import InputError
from dancenow.model.checkpoint import load_generator, save_generator
from dancenow.model.enhancer import EnhancedGenerator
from dancenow.model.networks import Discriminator, Generator, initialise, parameter_count
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.references.making import make_bank
from dancenow.references.sampling import RealPixels
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.previews import Previews
from dancenow.training.trainer import Trainer
from performers import footage, performer, uninitialised
from tiny_training import SETTINGS, settings

PUBLISHED = {"channels": 8, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1,
    "skips": False, "background": False,
             "references": False}  # fmt: skip
STEPS = 4


def sampler(pose, background=None, references=False, cuts=()):
    frames, pixels = footage(pose), None
    if references:
        masks = np.full(frames.shape[:3], 255, np.uint8)
        pixels = RealPixels(make_bank(frames, pose, masks, frames[0], 12), masks, pose.fps, 12)
    background, sizes = (frames[0], [(64, 64)]) if background else (None, [(128, 96)])
    given = TrainingFootage(frames, pose, background, sizes, len(frames), cuts, pixels)
    return ClipSampler(given, 2, 3, clip_length=1)


def trained(background, **changes):
    """A Trainer after some steps frame by frame, and the names of the losses of each."""
    chosen = settings(**{"temporal": False, "last_frame_corruption": 1.0} | changes)
    torch.manual_seed(0)
    perceptual = PerceptualNetwork("test", [nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    device = torch.device("cpu")
    trainer = Trainer(chosen, perceptual, device, prepare(device, 1), STEPS)
    batches = sampler(performer(12), background, chosen.generator.references)
    return trainer, [set(trainer.train_step(batches(number))) for number in range(STEPS)]


def weights(trainer):
    return torch.cat([parameter.flatten() for parameter in trainer.generator.parameters()])


def test_the_published_networks_less_the_channels_of_the_second_frame():
    with uninitialised():
        pairs, single = Generator(64, 4, 9), Generator(64, 4, 9, temporal=False)
        discriminators = [Discriminator(2, 64, frames=frames) for frames in (2, 1)]
    assert parameter_count(pairs) - parameter_count(single) == 3 * 7 * 7 * 64
    assert parameter_count(discriminators[0]) - parameter_count(discriminators[1]) == 2 * 6 * 4 * 4 * 64
    maps = Discriminator(2, 4, frames=1)(torch.rand(2, 1, 3, 64, 64), torch.rand(2, 1, 3, 64, 64))
    assert [len(scale) for scale in maps] == [5, 5]


def test_a_sample_is_one_frame_that_shows_somebody():
    pose = performer(12)
    keypoints = pose.keypoints.copy()
    keypoints[[4, 6]] = 0
    draw = sampler(pose.replace(keypoints=keypoints), cuts=[9])
    assert draw.clip_starts.tolist() == [0, 1, 2, 3, 5, 7, 8, 9, 10, 11]  # 5 alone, and both sides of the cut
    assert draw(0)["image"].shape == (2, 1, 3, 96, 128)
    with pytest.raises(InputError, match="no training frame shows a person"):
        sampler(pose.replace(keypoints=keypoints * 0))


@pytest.mark.parametrize(("background", "references"), [(True, True), (True, False), (False, False)])
def test_it_trains_with_and_without_a_background_and_the_same_seed_gives_the_same_weights(
    background, references
):
    changes = {"generator": SETTINGS["generator"] | {"references": references} if background else PUBLISHED}
    (one, losses), (same, _), (other, _) = (
        trained(background, **change, **changes) for change in ({}, {}, {"seed": 4})
    )
    assert torch.equal(weights(one), weights(same)) and not torch.equal(weights(one), weights(other))
    single_frames = round(SETTINGS["single_frame_share"] * STEPS)
    assert not any("gan" in names for names in losses[:single_frames])
    assert all({"gan", "feature_matching", "discriminator_fake"} < names for names in losses[single_frames:])


def saved(path, temporal, old=False):
    """A generator's file; an old one says nothing of `temporal`."""
    torch.manual_seed(0)
    network = PUBLISHED if old else PUBLISHED | {"temporal": temporal}
    generator = Generator(**network).apply(initialise)
    save_generator(path, generator.state_dict(), {"network": network, "width": 128, "height": 96})
    return path


def test_no_synthesized_frame_depends_on_the_one_before(tmp_path):
    pose = performer(3)
    keypoints = pose.keypoints.copy()
    keypoints[0] += 9
    for temporal in (False, True):
        path = saved(tmp_path / f"{temporal}.safetensors", temporal)
        one, other = (
            list(synthesize_clip(Transfer(path, p), 1)) for p in (pose, pose.replace(keypoints=keypoints))
        )
        assert not np.array_equal(one[0], other[0])
        assert all(np.array_equal(one[i], other[i]) != temporal for i in (1, 2))


def test_the_file_says_it_and_an_old_one_sees_its_last_frame(tmp_path):
    for temporal, old in ((False, False), (True, False), (True, True)):
        path = saved(tmp_path / "generator.safetensors", temporal, old)
        assert load_generator(path)[0].temporal is temporal


def test_the_enhancer_sees_what_its_trunk_sees():
    x, pasts = torch.rand(1, 3, 64, 64), torch.rand(2, 1, 3, 64, 64)
    for temporal in (False, True):
        generator = EnhancedGenerator(PUBLISHED | {"temporal": temporal}, 4, 1)
        assert generator.temporal is temporal
        one, other = (generator(x, past)[0] for past in pasts)
        assert torch.equal(one, other) != temporal


def test_a_preview_synthesizes_only_what_it_shows(tmp_path):
    trainer, _ = trained(background=False, generator=PUBLISHED)
    seen = []
    trainer.average.register_forward_pre_hook(lambda *_: seen.append(1))
    pose = performer(12)
    previews = Previews(TrainingFootage(footage(pose), pose, None, [(128, 96)], 12), 6, tmp_path)
    previews(trainer)
    assert len(seen) == len(previews.moments)
