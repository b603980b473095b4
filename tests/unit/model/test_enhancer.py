import pytest
import torch
from torch.nn import functional as F

from dancenow.model.enhancer import EnhancedGenerator, grow
from dancenow.model.networks import Discriminator, Generator, parameter_count
from performers import uninitialised

NETWORK = {
    "channels": 8,
    "n_downsample": 2,
    "n_blocks": 1,
    "unshuffle": 1,
    "skips": False,
    "background": False,
}
DISCRIMINATOR = {"scales": 1, "channels": 4, "layers": 2}


def trained():
    torch.manual_seed(1)
    return Generator(**NETWORK), Discriminator(**DISCRIMINATOR)


def grown():
    generator, discriminator = trained()
    torch.manual_seed(2)
    return grow(NETWORK, generator.state_dict(), 4, 1, DISCRIMINATOR, discriminator.state_dict())


def test_published_size():
    with uninitialised():
        published = EnhancedGenerator({"channels": 64, "n_downsample": 4, "n_blocks": 9}, 32, 3)
    assert parameter_count(published) == pytest.approx(182.72e6, rel=1e-4)


@pytest.mark.parametrize("height, width", [(64, 64), (64, 96), (192, 64)])
def test_any_size_divisible_by_32_from_64_on_and_any_aspect(height, width):
    network = NETWORK | {"n_downsample": 4}
    generator, x = EnhancedGenerator(network, 4, 1), torch.rand(2, 3, height, width)
    images, foreground = generator(x, torch.zeros_like(x))
    assert images.shape == (2, 3, height, width) and foreground is None
    assert images.abs().max() <= 1


def test_the_trunk_is_the_trained_generator_on_the_pooled_input():
    first, _ = trained()
    generator, _ = grown()
    x = torch.rand(1, 6, 64, 64)
    seen = []
    generator.trunk.stem.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    generator(x[:, :3], x[:, 3:])
    pooled = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    assert torch.equal(seen[0], pooled)
    assert torch.equal(generator.trunk.features(pooled), first.features(pooled))


def test_what_the_first_stage_knows_and_the_enhancer_both_reach_the_picture():
    generator, _ = grown()
    x = torch.rand(1, 6, 64, 64)
    whole, _ = generator(x[:, :3], x[:, 3:])
    for part in (generator.trunk.decoder, generator.down):
        kept = {name: value.clone() for name, value in part.state_dict().items()}
        for parameter in part.parameters():
            parameter.data.normal_()
        assert not torch.allclose(generator(x[:, :3], x[:, 3:])[0], whole, atol=1e-3)
        part.load_state_dict(kept)


def test_the_first_discriminator_of_the_first_stage_judges_half_the_size():
    _, discriminator = trained()
    _, more = grown()
    assert len(more.scales) == 2
    ours, theirs = more.scales[1].state_dict(), discriminator.scales[0].state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    new = more.scales[0].state_dict()
    assert not torch.equal(new["stages.0.0.weight"], theirs["stages.0.0.weight"])


@pytest.mark.parametrize(
    "change, channels", [({"background": True}, 4), ({"unshuffle": 2}, 4), ({"channels": 12}, 4)]
)
def test_what_does_not_fit_is_refused(change, channels):
    with pytest.raises(ValueError, match="an enhancer takes a generator without|not half of"):
        EnhancedGenerator(NETWORK | change, channels, 1)
