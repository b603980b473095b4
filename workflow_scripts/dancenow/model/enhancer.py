"""The local enhancer, the second stage at twice the size of the first, after pix2pixHD."""

import torch
from torch import nn
from torch.nn import functional as F

from dancenow.model.networks import (
    IMAGE_CHANNELS,
    Discriminator,
    Generator,
    InstanceNorm,
    ReflectionPad,
    ResidualBlock,
    initialise,
)


class EnhancedGenerator(nn.Module):
    """A Generator without its head, at half the size, and an enhancer around it at the full size.

    network: arguments of the Generator, which must have neither background nor unshuffle, because both change
    its features; channels: the enhancer's feature maps at full size, half of the Generator's;
    blocks: its residual blocks at half the size. Published: 32 and 3, around the published global generator.
    ValueError when the two do not fit.
    """

    def __init__(self, network: dict, channels: int, n_blocks: int) -> None:
        super().__init__()
        if network.get("background") or network.get("unshuffle", 1) != 1:
            raise ValueError("an enhancer takes a generator without background and unshuffle")
        if network["channels"] != 2 * channels:
            raise ValueError(f"channels {channels}: not half of the generator's {network['channels']}")
        self.trunk = Generator(**network)
        del self.trunk.head
        self.temporal, self.references = self.trunk.temporal, False
        wide, inputs = 2 * channels, self.trunk.inputs
        self.down = nn.Sequential(
            ReflectionPad(3),
            nn.Conv2d(inputs, channels, 7),
            InstanceNorm(),
            nn.ReLU(),
            nn.Conv2d(channels, wide, 3, 2, 1),
            InstanceNorm(),
            nn.ReLU(),
        )
        self.up = nn.Sequential(
            *(ResidualBlock(wide) for _ in range(n_blocks)),
            nn.ConvTranspose2d(wide, channels, 3, 2, 1, output_padding=1),
            InstanceNorm(),
            nn.ReLU(),
            ReflectionPad(3),
            nn.Conv2d(channels, IMAGE_CHANNELS, 7),
        )
        self.down.apply(initialise)
        self.up.apply(initialise)

    def looks_back(self) -> bool:
        """As Generator.looks_back: it does from the beginning, for it has no background."""
        return self.temporal

    def forward(
        self, skeleton: torch.Tensor, previous: torch.Tensor, background: None = None
    ) -> tuple[torch.Tensor, None]:
        """One (N, 3, H, W) frame, as Generator.forward without a background; H, W: multiples of
        2 ** (n_downsample + 1).
        """
        x = self.trunk.seen(skeleton, previous)
        small = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        x = self.up(self.down(x) + self.trunk.features(small))
        return torch.tanh(x.float()), None


def grow(
    network: dict,
    weights: dict[str, torch.Tensor],
    channels: int,
    n_blocks: int,
    discriminator_settings: dict,
    discriminator_weights: dict[str, torch.Tensor],
) -> tuple[EnhancedGenerator, Discriminator]:
    """Both networks of the second stage, with the trained ones of the first inside.

    network, weights: a trained Generator's arguments and state dict; channels, n_blocks: of the enhancer;
    discriminator_settings, discriminator_weights: the same of the trained Discriminator. At twice the size it
    gets one scale more, the first; what was its full size is now the half. Returns (EnhancedGenerator,
    Discriminator).
    """
    generator = EnhancedGenerator(network, channels, n_blocks)
    generator.trunk.load_state_dict({k: v for k, v in weights.items() if not k.startswith("head.")})
    discriminator = Discriminator(**discriminator_settings | {"scales": discriminator_settings["scales"] + 1})
    trained = Discriminator(**discriminator_settings)
    trained.load_state_dict(discriminator_weights)
    for ours, theirs in zip(discriminator.scales[1:], trained.scales, strict=True):
        ours.load_state_dict(theirs.state_dict())
    return generator, discriminator
