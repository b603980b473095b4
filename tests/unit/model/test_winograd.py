import pytest
import torch
from torch.nn import functional as F

from dancenow.model import winograd
from dancenow.model.winograd import Convolution3x3, TransformedWeights, convolve, unchanged_weights


@pytest.fixture
def layer(monkeypatch):
    """A convolution that counts as wide, laid out as in training."""
    monkeypatch.setattr(winograd, "ENOUGH_CHANNELS", 4)
    torch.manual_seed(0)
    return Convolution3x3(24, 32, padding=1).to(memory_format=torch.channels_last)


def picture(pictures=1, channels=24, height=16, width=20, **options):
    return torch.randn(pictures, channels, height, width, **options).to(memory_format=torch.channels_last)


def results(convolution, x, weights, dtype):
    """Output, and the gradients of input and weights, of a loss that weighs each output differently."""
    x, weights = (tensor.detach().to(dtype).requires_grad_() for tensor in (x, weights))
    found = convolution(x, weights)
    slope = torch.randn(found.shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    return found, *torch.autograd.grad(found, (x, weights), slope)


def by_tiles(x, weights):
    return convolve(x, TransformedWeights.apply(weights, x.dtype))


@pytest.mark.parametrize("pictures", [1, 2])
@pytest.mark.parametrize("size", [(8, 10), (7, 10), (8, 9), (3, 3)])
def test_it_is_the_convolution_and_its_gradients(size, pictures):
    torch.manual_seed(0)
    x, weights = torch.randn(pictures, 5, *size), torch.randn(7, 5, 3, 3)
    for ours, plain in zip(
        results(by_tiles, x, weights, torch.double),
        results(F.conv2d, x, weights, torch.double),
        strict=True,
    ):
        assert torch.allclose(ours, plain, atol=1e-10)


def test_bfloat16_errs_about_twice_as_much_as_a_direct_convolution():
    torch.manual_seed(0)
    x, weights = torch.randn(1, 128, 18, 22), torch.randn(128, 128, 3, 3) / 34
    exact = results(F.conv2d, x, weights, torch.double)
    direct = results(F.conv2d, x, weights, torch.bfloat16)
    ours = results(by_tiles, x, weights, torch.bfloat16)
    for wanted, plain, found in zip(exact, direct, ours, strict=True):
        assert 0 < (found - wanted).norm() < 2.5 * (plain - wanted).norm()


def test_a_wide_layer_goes_by_tiles_in_bfloat16_alone(layer):
    x = picture()
    plain = F.conv2d(x, layer.weight, layer.bias, padding=1)
    assert torch.equal(layer(x), plain)
    with torch.autocast("cpu", torch.bfloat16):
        fast, direct = layer(x), F.conv2d(x, layer.weight, layer.bias, padding=1)
    assert fast.dtype == direct.dtype == torch.bfloat16
    assert not torch.equal(fast, direct)
    assert (fast - plain).norm() < 0.02 * plain.norm()


def test_a_narrow_layer_is_torchs_own():
    layer, x = Convolution3x3(24, 32), picture()
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(layer(x), F.conv2d(x, layer.weight, layer.bias))


def test_channels_stay_last_in_memory(layer):
    with torch.autocast("cpu", torch.bfloat16):
        synthesized = layer(picture())
    synthesized.sum().backward()
    assert synthesized.is_contiguous(memory_format=torch.channels_last)
    assert layer.weight.grad.stride() == layer.weight.stride() and layer.weight.grad.dtype == torch.float32


def test_unchanged_weights_are_transformed_once_and_learn_from_every_use(layer, monkeypatch):
    made, x = [], picture()
    transform = TransformedWeights.apply

    def counted(*given):
        made.append(given)
        return transform(*given)

    monkeypatch.setattr(TransformedWeights, "apply", counted)

    def learn():
        with torch.autocast("cpu", torch.bfloat16):
            (layer(x) + layer(x * 0.5)).sum().backward()
        slope, layer.weight.grad = layer.weight.grad, None
        return slope

    twice = learn()
    assert len(made) == 2
    with unchanged_weights():
        once = learn()
    assert len(made) == 3
    assert (once - twice).norm() < 0.01 * twice.norm()
    with torch.no_grad():
        layer.weight.zero_()
    with unchanged_weights(), torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        assert torch.equal(layer(x), layer.bias.bfloat16()[:, None, None].expand(1, 32, 16, 20))


def test_kept_weights_serve_several_blocks(layer, monkeypatch):
    kept, x = {}, picture()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        with unchanged_weights(kept):
            first = layer(x)
        monkeypatch.setattr(TransformedWeights, "apply", None)
        with unchanged_weights(kept):
            assert torch.equal(layer(x), first)
