import copy
from functools import partial

import pytest
import torch

from dancenow.enhancer import EnhancedGenerator
from dancenow.networks import Discriminator, Generator, InstanceNorm, parameter_count


def test_published_sizes():
    assert parameter_count(Generator(64, 4, 9)) == pytest.approx(182.45e6, rel=1e-4)
    assert parameter_count(Discriminator(2, 64)) == pytest.approx(5.55e6, rel=1e-3)
    assert parameter_count(Discriminator(3, 64)) == pytest.approx(8.32e6, rel=1e-3)


@pytest.mark.parametrize("unshuffle", [1, 2])
@pytest.mark.parametrize("skips", [True, False])
def test_generator_shapes_and_ranges(unshuffle, skips):
    generator = Generator(4, 2, 1, unshuffle, skips, plate=True)
    plate = torch.rand(2, 3, 64, 96) * 2 - 1
    image, (colour, alpha) = generator(torch.rand(2, 3, 64, 96), torch.zeros(2, 3, 64, 96), plate)
    assert image.shape == colour.shape == (2, 3, 64, 96) and alpha.shape == (2, 1, 64, 96)
    assert image.abs().max() <= 1 and alpha.min() >= 0 and alpha.max() <= 1


def test_new_generator_starts_near_the_plate():
    torch.manual_seed(0)
    plate = torch.rand(1, 3, 32, 32) * 2 - 1
    generator = Generator(8, 2, 1, plate=True)
    image, (_, alpha) = generator(torch.rand(1, 3, 32, 32), torch.zeros(1, 3, 32, 32), plate)
    assert alpha.mean() < 0.3
    assert (image - plate).abs().mean() < 0.4


def test_output_depends_on_the_previous_frame():
    torch.manual_seed(0)
    generator, skeleton = Generator(4, 2, 1), torch.rand(1, 3, 32, 32)
    dark, _ = generator(skeleton, -torch.ones(1, 3, 32, 32))
    bright, _ = generator(skeleton, torch.rand(1, 3, 32, 32))
    assert not torch.allclose(dark, bright)


def test_discriminator_maps():
    results = Discriminator(2, 4, 3)(torch.rand(2, 2, 3, 64, 64), torch.rand(2, 2, 3, 64, 64))
    assert [len(maps) for maps in results] == [5, 5]
    assert results[0][-1].shape[:2] == (2, 1)
    assert results[1][0].shape[-1] < results[0][0].shape[-1]


@pytest.mark.parametrize("pictures", [1, 3])
def test_instance_norm_keeps_the_memory_format_and_has_the_right_gradient(pictures):
    x, slope = torch.randn(pictures, 5, 6, 7), torch.randn(pictures, 5, 6, 7)
    instance_norm = partial(torch.nn.InstanceNorm2d, 5)
    results, slopes = [], []
    for build, layout in ((InstanceNorm, torch.channels_last), (instance_norm, torch.contiguous_format)):
        given = x.to(memory_format=layout).requires_grad_()
        results.append(build()(given))
        slopes.append(torch.autograd.grad(results[-1], given, slope.to(memory_format=layout))[0])
    assert results[0].is_contiguous(memory_format=torch.channels_last)
    assert torch.allclose(*results, atol=1e-5)
    assert torch.allclose(*slopes, atol=1e-5)


def gradients(network, inputs, layout):
    """The gradients of a network's weights, its own and its inputs' memory in a layout."""
    network = network.to(memory_format=layout)
    result = network(*(x.to(memory_format=layout) if x.ndim == 4 else x for x in inputs))
    painted = not isinstance(network, Discriminator)
    maps = [result[0]] if painted else [level for scale in result for level in scale]
    sum((level**2).mean() for level in maps).backward()
    return [weight.grad.contiguous() for weight in network.parameters()]


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize(
    "build",
    [
        lambda: Generator(4, 2, 2, 2, skips=True, plate=True),
        lambda: Generator(8, 2, 2),
        lambda: EnhancedGenerator({"channels": 8, "downs": 2, "blocks": 1}, 4, 1),
        lambda: Discriminator(2, 8),
    ],
)
def test_gradients_are_those_of_the_plain_memory_format(build, pictures):
    """What the weights learn does not depend on how they lie in memory."""
    torch.manual_seed(0)
    network = build().double()
    frames = (2,) if isinstance(network, Discriminator) else ()
    inputs = [torch.rand(pictures, *frames, 3, 64, 96, dtype=torch.double) for _ in range(3 - len(frames))]
    plain = gradients(copy.deepcopy(network), inputs, torch.contiguous_format)
    ours = gradients(network, inputs, torch.channels_last)
    for name, a, b in zip(dict(network.named_parameters()), plain, ours, strict=True):
        assert (a - b).norm() <= 1e-6 * a.norm() + 1e-10, name
