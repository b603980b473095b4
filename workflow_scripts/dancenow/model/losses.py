"""The terms of the paper's objective (eq. 3), each a plain function of network outputs."""

import torch
from torch.nn import functional as F


def lsgan(results: list[list[torch.Tensor]], real: bool) -> torch.Tensor:
    """Least-squares GAN loss (Mao et al. 2017, as the paper uses it), summed over the discriminator's scales.

    results: one list of (N, C, h, w) maps per scale, the last of each the realness with C = 1; real: the
    desired judgement. Returns a float32 scalar >= 0.
    """
    terms = [F.mse_loss(maps[-1].float(), torch.full_like(maps[-1], float(real)).float()) for maps in results]
    return sum(terms)


def mean_difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference, a float32 scalar, of two tensors of the same shape and any dtype.

    F.l1_loss on float32 copies reads memory five times as often, which for the features of large
    pictures is a tenth of a training step on a CPU.
    """
    return torch.linalg.vector_norm(a - b, 1, dtype=torch.float32) / a.numel()


def foreground_colour(foreground: tuple[torch.Tensor, torch.Tensor], real: torch.Tensor) -> torch.Tensor:
    """L1 between the foreground's colour and the real image, weighted by alpha: a scalar.

    foreground: (colour (N, 3, H, W), alpha (N, 1, H, W)), real (N, 3, H, W), as the Generator has them; where
    the person's mask is known, alpha is at least that: colours then also learn behind what is copied, and
    while the network's own alpha is still thin.
    Without it, a thin foreground of too strong a colour gives the same sum as the right colour at full alpha,
    and tanh, saturated there, hardly recovers.
    """
    colour, alpha = foreground
    return (alpha.detach() * (colour - real).abs()).mean()


def mask_error(logit: torch.Tensor, mask: torch.Tensor, valid: torch.Tensor | None = None) -> torch.Tensor:
    """Cross entropy of alpha's logit with the person's mask, both (N, 1, H, W), the mask in [0, 1].

    valid: (N, 1, H, W) in [0, 1], the weight of each pixel, or None for 1.

    Alpha then covers the person only, and the shadow is left to the background's light.
    """
    return F.binary_cross_entropy_with_logits(logit, mask, valid)


def feature_matching(fake: list[list[torch.Tensor]], real: list[list[torch.Tensor]]) -> torch.Tensor:
    """Mean L1 between discriminator features of fake and real, over scales and all maps except the last.

    fake, real: as lsgan's results; nothing flows back into real. Returns a float32 scalar. The paper's L_FM
    in pix2pixHD's weighting: each scale counts 1 / scales, its maps 4 / (layers + 1)
    each, which is 1 for the published 3 layers.
    """
    total = 0.0
    for fake_maps, real_maps in zip(fake, real, strict=True):
        weight = 4.0 / (len(fake_maps) - 1) / len(fake)
        for ours, theirs in zip(fake_maps[:-1], real_maps[:-1], strict=True):
            total = total + weight * mean_difference(ours, theirs.detach())
    return total
