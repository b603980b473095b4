"""3x3 convolutions on a CPU with fewer multiplications: Winograd's F(2x2, 3x3).

Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4.1: of every tile of
4x4 inputs 2x2 outputs with 16 multiplications in place of 36, as 16 matrix products. A GPU's libraries choose
such algorithms themselves; torch's for a CPU have none in bfloat16. What comes out is about twice as far from
float32's result as a direct convolution's in bfloat16 (docs/lab/throughput.md).
"""

from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

# with fewer, moving the tiles eats more of what the products save: benchmarks/convolutions.py
ENOUGH_CHANNELS = 384

TRANSFORMED = 16 / 9  # numbers that TransformedWeights hold for each weight

# a tile's rows and columns at once: Kronecker squares of the paper's matrices B^T, G and A^T
INPUTS, WEIGHTS, OUTPUTS = (
    torch.kron(matrix, matrix)
    for matrix in (
        torch.tensor([[1.0, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]]),
        torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]),
        torch.tensor([[1.0, 1, 1, 0], [0, 1, -1, -1]]),
    )
)

# of the innermost block of unchanged_weights, what it has transformed
_kept = None


@contextmanager
def unchanged_weights(kept=None):
    """Inside the block no weights may change, and each is transformed once, however often it is used.

    kept: a dict that several blocks share, between which no weights change either.
    """
    global _kept
    outer, _kept = _kept, {} if kept is None else kept
    try:
        yield
    finally:
        _kept = outer


class Convolution3x3(nn.Conv2d):
    """nn.Conv2d of kernel 3 and stride 1, by Winograd's algorithm if wide, in bfloat16 and on a CPU."""

    def __init__(self, inputs, outputs, **options):
        super().__init__(inputs, outputs, 3, **options)
        self.wide = min(inputs, outputs) >= ENOUGH_CHANNELS

    def forward(self, x):  # (N, inputs, H, W) -> (N, outputs, H - 2, W - 2), without padding
        bfloat16_on_cpu = x.device.type == "cpu" and torch.is_autocast_enabled("cpu")
        # torch.compile would take minutes for each shape of these
        if not self.wide or not bfloat16_on_cpu or torch.compiler.is_compiling():
            return super().forward(x)
        weights = self._transformed()
        made = convolve(x.to(weights.dtype), weights, self.padding[0])
        return made + self.bias.to(weights.dtype)[:, None, None]

    def _transformed(self):
        # one with gradients and one without are different tensors
        key = self, self.weight.requires_grad and torch.is_grad_enabled()
        kept = {} if _kept is None else _kept
        if key not in kept:
            kept[key] = TransformedWeights.apply(self.weight, torch.get_autocast_dtype("cpu"))
        return kept[key]


def convolve(x, weights, padding=0):
    """x (N, I, H, W), zeros around it, convolved with TransformedWeights (16, O, I) of its dtype.

    Returns (N, O, H + 2 * padding - 2, W + 2 * padding - 2).
    """
    height, width = (size + 2 * padding for size in x.shape[-2:])
    x = F.pad(x, (padding, padding + width % 2, padding, padding + height % 2))
    return TileProducts.apply(x, weights)[..., : height - 2, : width - 2]


class TransformedWeights(torch.autograd.Function):
    """Weights (O, I, 3, 3) as the tiles' products take them: G w G^T, (16, O, I) of the dtype given."""

    @staticmethod
    def forward(ctx, weights, dtype):
        ctx.save_for_backward(weights)
        outputs, inputs = weights.shape[:2]
        rows = torch.empty(9, outputs, inputs, dtype=dtype)
        rows.view(3, 3, outputs, inputs).copy_(weights.permute(2, 3, 0, 1))
        return (WEIGHTS.to(dtype) @ rows.view(9, -1)).view(16, outputs, inputs)

    @staticmethod
    def backward(ctx, gradient):
        (weights,) = ctx.saved_tensors
        rows = WEIGHTS.T.to(gradient.dtype) @ gradient.reshape(16, -1)
        result = torch.empty_like(weights)  # laid out in memory as the weights are
        result.permute(2, 3, 0, 1).copy_(rows.view(3, 3, *weights.shape[:2]))
        return result, None


class TileProducts(torch.autograd.Function):
    """x (N, I, H, W), H and W even, with TransformedWeights (16, O, I) -> (N, O, H - 2, W - 2)."""

    @staticmethod
    def forward(ctx, x, weights):
        x = x.permute(0, 2, 3, 1).contiguous()  # as it lies in memory, with the channels last
        count, height, width, inputs = ctx.shape = x.shape
        down, across = height // 2 - 1, width // 2 - 1
        sample, row, column, _ = x.stride()
        strides = (row, column, sample, 2 * row, 2 * column, 1)
        tiles = x.as_strided((4, 4, count, down, across, inputs), strides).reshape(16, -1)
        tiles = (INPUTS.to(x.dtype) @ tiles).view(16, -1, inputs)
        ctx.save_for_backward(tiles, weights)
        products = torch.bmm(tiles, weights.transpose(1, 2))
        result = OUTPUTS.to(x.dtype) @ products.view(16, -1)
        result = result.view(2, 2, count, down, across, -1).permute(2, 3, 0, 4, 1, 5)
        return result.reshape(count, 2 * down, 2 * across, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx, gradient):
        tiles, weights = ctx.saved_tensors
        count, height, width, inputs = ctx.shape
        down, across = height // 2 - 1, width // 2 - 1
        outputs = weights.shape[1]
        gradient = gradient.permute(0, 2, 3, 1).reshape(count, down, 2, across, 2, outputs)
        products = OUTPUTS.T.to(tiles.dtype) @ gradient.permute(2, 4, 0, 1, 3, 5).reshape(4, -1)
        products = products.view(16, -1, outputs)
        on_x = on_weights = None
        if ctx.needs_input_grad[0]:
            on_tiles = INPUTS.T.to(tiles.dtype) @ torch.bmm(products, weights).view(16, -1)
            on_x = _overlapped(on_tiles.view(2, 2, 2, 2, count, down, across, inputs))
        if ctx.needs_input_grad[1]:
            on_weights = torch.bmm(products.transpose(1, 2), tiles)
        return on_x, on_weights


def _overlapped(tiles):
    """Tiles (2, 2, 2, 2, N, h, w, I), rows and columns as (half, one of it), added up 2 px from each other.

    Returns (N, I, 2h + 2, 2w + 2).
    """
    count, down, across, inputs = tiles.shape[4:]
    result = tiles.new_zeros(count, down + 1, 2, across + 1, 2, inputs)
    for lower in (0, 1):
        for right in (0, 1):
            part = tiles[lower, :, right].permute(2, 3, 0, 4, 1, 5)
            result[:, lower : lower + down, :, right : right + across] += part
    return result.view(count, 2 * down + 2, 2 * across + 2, inputs).permute(0, 3, 1, 2)
