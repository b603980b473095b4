import pytest
import torch

from dancenow.networks import Discriminator, Generator, parameter_count


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
