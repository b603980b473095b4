import pytest
import torch

from dancenow.training.adam import ChannelsLastAdam

BETAS = (0.5, 0.999)


def stepped(build, gradient_format):
    """Weights of a convolution, channels last, and its bias after three steps."""
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(6, 8, 3).to(memory_format=torch.channels_last)
    optimiser = build(layer.parameters())
    for _ in range(3):
        layer.weight.grad = torch.randn(8, 6, 3, 3).to(memory_format=gradient_format)
        layer.bias.grad = torch.randn(8)
        optimiser.step()
    return layer.weight.detach(), layer.bias.detach(), optimiser.state[layer.weight]["exp_avg"]


@pytest.mark.parametrize("gradient_format", [torch.channels_last, torch.contiguous_format])
def test_the_fused_step_is_adams(gradient_format):
    ours = stepped(lambda weights: ChannelsLastAdam(weights, 0.1, BETAS), gradient_format)
    plain = stepped(lambda weights: torch.optim.Adam(weights, 0.1, BETAS, fused=False), gradient_format)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(ours, plain, strict=True))


def test_weights_and_averages_keep_their_memory_format():
    weight, _, average = stepped(lambda w: ChannelsLastAdam(w, 0.1, BETAS), torch.channels_last)
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert average.shape == weight.shape and average.stride() == weight.stride()
