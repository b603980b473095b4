"""Adam for networks whose weights are stored with channels last."""

from collections.abc import Iterable

import torch


class ChannelsLastAdam(torch.optim.Adam):
    """torch's fused Adam (Kingma and Ba, ICLR 2015) on each tensor in its memory order.

    parameters: placed with memory_format=torch.channels_last; rate, betas: as torch.optim.Adam has them.
    On a CPU torch 2.13's own copies every gradient of four dimensions first, four times the work of the
    step itself, and silently uses the wrong values for a gradient of another memory format.
    """

    def __init__(
        self, parameters: Iterable[torch.nn.Parameter], rate: float, betas: tuple[float, float]
    ) -> None:
        super().__init__(parameters, rate, betas, fused=True)

    # there is no public hook between the state of each weight and the step
    def _init_group(
        self,
        group: dict,
        params: list[torch.Tensor],
        grads: list[torch.Tensor],
        averages: list[torch.Tensor],
        squares: list[torch.Tensor],
        *others: list[torch.Tensor],
    ) -> bool:
        complex_ones = super()._init_group(group, params, grads, averages, squares, *others)
        for tensors in (params, averages, squares):
            tensors[:] = map(_as_stored, tensors)
        grads[:] = [_as_stored(grad).contiguous() for grad in grads]
        return complex_ones


def _as_stored(tensor: torch.Tensor) -> torch.Tensor:
    """A view of (N, C, H, W), channels last in memory, that is contiguous: (N, H, W, C)."""
    return tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor
