"""The generator and the discriminators, after pix2pixHD (Wang et al., CVPR 2018) as the paper uses them."""

import math
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

SKELETON_CHANNELS = 3
IMAGE_CHANNELS = 3
# alpha starts near 0, so that the person grows out of the background, not the reverse
ALPHA_BIAS = -2.0
REFERENCE_CHANNELS = 4
# In results a piece is kept whole unless alpha is below 1 / DECIDED, when the network is sure that it shows
# nobody. Else arms are transparent in a new dance, and pixels mixed that lie some px apart. What is
# synthesized lies behind the pieces where it is as sure of somebody: a soft edge is a halo around them.
DECIDED = 3.0
# What is beside pieces is found in cells of 1/192 to 1/96 of the longer edge. It is theirs where a quarter of
# the nine cells around is; a bone without a piece has four cells around it, about half the width of a thigh.
EDGE_CELLS, EDGE_SHARE, LIMB_CELLS = 96, 0.25, 4
LEAST_VALID = 0.5  # less is a piece's soft edge


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding)


def _normalised(layer: nn.Module) -> list[nn.Module]:
    return [layer, InstanceNorm(), nn.ReLU()]


class InstanceNorm(nn.Module):
    """Instance normalisation (Ulyanov et al. 2016), as batch normalisation of one picture: the same formula.

    Not nn.InstanceNorm2d: for a single picture on a CPU, its backward pass in torch 2.13 reads a gradient
    with channels last in memory as one with channels first, and returns noise. It also copies its input and
    output to another memory format, a tenth of a training step.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> the same shape."""
        pictures = [F.batch_norm(picture, None, None, training=True) for picture in x.split(1)]
        return pictures[0] if len(pictures) == 1 else torch.cat(pictures)


class ReflectionPad(nn.ReflectionPad2d):
    """nn.ReflectionPad2d, in results without a detour through float32, in which a CPU's autocast pads.

    The values are the same. Where a gradient is wanted it stays: at an edge several gradients are summed.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> the same with the padding around it."""
        if torch.is_grad_enabled():
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x)


class ResidualBlock(nn.Module):
    """x + two reflection-padded 3x3 convolutions with instance norm; no ReLU after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            ReflectionPad(1),
            *_normalised(_conv(channels, channels, 3)),
            ReflectionPad(1),
            _conv(channels, channels, 3),
            InstanceNorm(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) -> the same shape."""
        return x + self.body(x)


class Foreground(NamedTuple):
    """What is synthesized: colour (N, 3, H, W) in [-1, 1], alpha (N, 1, H, W) in [0, 1], its logit."""

    colour: torch.Tensor
    alpha: torch.Tensor
    logit: torch.Tensor


class Generator(nn.Module):
    """Skeleton and previous output in, image out.

    channels: feature maps at full size, doubled at each of `n_downsample` halvings; blocks: residual blocks
    at the smallest size. The published global generator is channels 64, n_downsample 4, blocks 9.
    unshuffle: fold blocks of this edge into channels first and unfold them last, so that "full
    size" above is 1 / unshuffle of the image (ours; 1 is the published network). On a CPU the full-size
    layers cost more than all others together.
    skips: add each encoder level to the decoder level of its size (ours; the published one has none).
    background: predict an alpha beside the colour and composite it over a background (ours).
    temporal: False omits the previous output, for a video frame by frame (the paper's baseline FBF).
    references: show it real pixels, moved into place, which it may copy (ours; only with background).
    """

    def __init__(
        self,
        channels: int,
        n_downsample: int,
        n_blocks: int,
        unshuffle: int = 1,
        skips: bool = False,
        background: bool = False,
        temporal: bool = True,
        references: bool = False,
    ) -> None:
        super().__init__()
        if references and not background:
            raise ValueError("references are laid over a background: background must be true")
        self.unshuffle, self.skips, self.background, self.temporal = unshuffle, skips, background, temporal
        self.references = references
        shown = SKELETON_CHANNELS + (REFERENCE_CHANNELS if references else 0)
        self.inputs = shown + (IMAGE_CHANNELS if temporal else 0)
        inputs = self.inputs * unshuffle**2
        self.stem = nn.Sequential(ReflectionPad(3), *_normalised(_conv(inputs, channels, 7)))
        widths = [channels * 2**level for level in range(n_downsample + 1)]
        steps = list(zip(widths[:-1], widths[1:], strict=True))
        self.encoder = nn.ModuleList(nn.Sequential(*_normalised(_conv(a, b, 3, 2, 1))) for a, b in steps)
        self.trunk = nn.Sequential(*(ResidualBlock(widths[-1]) for _ in range(n_blocks)))
        self.decoder = nn.ModuleList(
            nn.Sequential(*_normalised(self._doubling(b, a))) for a, b in reversed(steps)
        )
        outputs = (IMAGE_CHANNELS + background) * unshuffle**2
        self.head = nn.Sequential(ReflectionPad(3), _conv(channels, outputs, 7))
        self.apply(initialise)
        # the pixels of one block start with equal weights; otherwise the picture starts as a grid
        with torch.no_grad():
            weight = self.head[-1].weight
            weight.copy_(weight[:: unshuffle**2].repeat_interleave(unshuffle**2, dim=0))
        if background:
            with torch.no_grad():
                self.head[-1].bias[IMAGE_CHANNELS * unshuffle**2 :] = ALPHA_BIAS
            # still frames have no last output (their difference from the background is zero, and so is this
            # gradient): without this, noise would appear when the pairs begin
            nn.init.zeros_(self.stem[1].weight[:, shown * unshuffle**2 :])

    def _doubling(self, inputs: int, outputs: int) -> nn.ConvTranspose2d:
        """Upsampling by 2: as published, or without the grid that a kernel of 3 leaves at a stride of 2."""
        if self.unshuffle == 1:
            return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)

    def forward(
        self,
        skeleton: torch.Tensor,
        previous: torch.Tensor,
        background: torch.Tensor | None = None,
        reference: torch.Tensor | None = None,
        copying: torch.Tensor | None = None,
        in_results: bool = False,
    ) -> tuple[torch.Tensor, Foreground | None]:
        """One frame.

        skeleton: (N, 3, H, W) in [0, 1], black elsewhere; previous: (N, 3, H, W) in [-1, 1],
        the last output, `empty_picture` before the first, ignored with temporal=False; background:
        (N, 3, H, W) in [-1, 1], required with background=True; the network then sees the last
        output as its difference from the background, which shows the person only; reference: (N, 4, H, W),
        required with references=True, colour in [-1, 1] times validity, validity in [0, 1]; copying:
        (N, 1, 1, 1) with 0 for samples that must synthesize what they could copy and 1 for others, None for
        1; in_results: with references, whether alpha decides hard and hardly anything is synthesized beside
        pieces: not in training, which learns from all pixels. H and W divisible by unshuffle *
        2 ** n_downsample. Returns (image (N, 3, H, W) in [-1, 1], Foreground, or None without a background).
        """
        x = self.features(self.seen(skeleton, previous, background, reference))
        x = _unfolded(self.head(x), self.unshuffle).float()
        colour = torch.tanh(x[:, :IMAGE_CHANNELS])
        if not self.background:
            return colour, None
        assert background is not None  # required, as said above
        logit = x[:, IMAGE_CHANNELS:]
        alpha = torch.sigmoid(logit)
        if not self.references:
            return torch.addcmul(background, alpha, colour - background), Foreground(colour, alpha, logit)
        assert reference is not None
        decided = DECIDED if in_results else 1.0
        painted, shown = (1 - decided * (1 - alpha)).clamp(min=0), colour
        if in_results:
            near, shown = beside_pieces(colour, skeleton, reference)
            painted = painted * near
        image = torch.addcmul(background, painted, shown - background)
        kept = (decided * alpha).clamp(max=1)
        if copying is not None:
            kept = kept * copying
        pieces, valid = reference[:, :IMAGE_CHANNELS], reference[:, IMAGE_CHANNELS:]
        image = torch.addcmul(image, kept, pieces - valid * image)
        return image, Foreground(colour, alpha, logit)

    def looks_back(self) -> bool:
        """Whether the last output changes the next: not before the first pair, where its weights are 0."""
        past = self.stem[1].weight[:, -IMAGE_CHANNELS * self.unshuffle**2 :]
        return self.temporal and bool(past.any())

    def seen(
        self,
        skeleton: torch.Tensor,
        previous: torch.Tensor,
        background: torch.Tensor | None = None,
        reference: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The network's input, made from the arguments of forward: (N, inputs, H, W)."""
        shown = [skeleton]
        if self.references:
            assert reference is not None
            shown.append(reference)
        if self.temporal:
            shown.append(previous - background if self.background else previous)
        # in results the weights are in the precision that autocast would choose after folding and padding
        return torch.cat([each.to(self.stem[1].weight.dtype) for each in shown], dim=1)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """The head's input: (N, inputs, H, W) -> (N, channels, H / unshuffle, W / unshuffle)."""
        x = self.stem(_folded(x, self.unshuffle))
        levels = []
        for down in self.encoder:
            levels.append(x)
            x = down(x)
        x = self.trunk(x)
        for up in self.decoder:
            x = up(x)
            level = levels.pop()
            x = x + level if self.skips else x
        return x


def beside_pieces(
    colour: torch.Tensor, skeleton: torch.Tensor, reference: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Where something may be synthesized in results, and in which colour.

    At the pieces it takes their colours: a seam closes unseen, and a network trained for minutes has glowing
    colours there. Elsewhere only bones without a piece are surrounded by the network's colours: in poses far
    from the footage (on the head, lying) it is sure of somebody where nobody is.
    colour: (N, 3, H, W) in [-1, 1]; skeleton: (N, 3, H, W), black elsewhere; reference: (N, 4, H, W) as in
    Generator.forward. Returns (N, 1, H, W) in [0, 1], 1 where it may, and (N, 3, H, W) in [-1, 1].
    """
    size = reference.shape[-2:]
    cell = 2 ** max(0, math.floor(math.log2(max(size) / EDGE_CELLS)))
    bare = skeleton.any(dim=1, keepdim=True) & (reference[:, IMAGE_CHANNELS:] < LEAST_VALID)
    bones = F.max_pool2d(F.max_pool2d(bare.float(), cell, ceil_mode=True), 2 * LIMB_CELLS + 1, 1, LIMB_CELLS)
    around = F.avg_pool2d(reference.float(), cell, ceil_mode=True)
    around = F.avg_pool2d(around, 3, 1, 1, count_include_pad=False)
    around, bones = (F.interpolate(x, size, mode="bilinear") for x in (around, bones))
    valid = around[:, IMAGE_CHANNELS:]
    pieces = (valid / EDGE_SHARE).clamp(max=1)
    of_pieces = around[:, :IMAGE_CHANNELS] / valid.clamp(min=1e-3)
    return torch.maximum(pieces, bones), torch.lerp(colour, of_pieces, pieces)


def _folded(x: torch.Tensor, edge: int) -> torch.Tensor:
    """F.pixel_unshuffle, whose own kernel for CPUs takes three times as long."""
    n, channels, height, width = x.shape
    x = x.reshape(n, channels, height // edge, edge, width // edge, edge)
    return x.permute(0, 1, 3, 5, 2, 4).reshape(n, channels * edge**2, height // edge, width // edge)


def _unfolded(x: torch.Tensor, edge: int) -> torch.Tensor:
    """F.pixel_shuffle, each channel of the result by itself in memory: they are used one by one."""
    n, channels, height, width = x.shape
    x = x.reshape(n, channels // edge**2, edge, edge, height, width)
    return x.permute(0, 1, 4, 2, 5, 3).reshape(n, channels // edge**2, height * edge, width * edge)


def empty_picture(like: torch.Tensor, background: torch.Tensor | None) -> torch.Tensor:
    """The last output before the first frame, (N, 3, H, W) in [-1, 1] as `like`: the background, or else the
    paper's zeros (mid-grey).
    """
    return torch.zeros_like(like) if background is None else background


class PatchDiscriminator(nn.Module):
    """One PatchGAN: 4x4 convolutions, `layers` of them with stride 2, LeakyReLU 0.2, no sigmoid."""

    def __init__(self, inputs: int, channels: int, layers: int) -> None:
        super().__init__()
        widths = [min(channels * 2**level, 512) for level in range(layers + 1)]
        stages = [nn.Sequential(_conv(inputs, widths[0], 4, 2, 2), nn.LeakyReLU(0.2))]
        for level in range(1, layers + 1):
            stride = 2 if level < layers else 1
            conv = _conv(widths[level - 1], widths[level], 4, stride, 2)
            stages.append(nn.Sequential(conv, InstanceNorm(), nn.LeakyReLU(0.2)))
        stages.append(_conv(widths[-1], 1, 4, 1, 2))
        self.stages = nn.ModuleList(stages)
        self.apply(initialise)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """(N, inputs, H, W) -> list of layers + 2 feature maps, the last one the realness per patch."""
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Discriminator(nn.Module):
    """Judges consecutive frames with their skeletons, at several scales (the paper's eq. 1).

    scales: number of PatchGANs, each at half the size of the one before; channels, layers: of each; frames:
    number judged together, 2 as in the paper, 1 in its baseline FBF.
    """

    def __init__(self, scales: int, channels: int, layers: int = 3, frames: int = 2) -> None:
        super().__init__()
        inputs = frames * (SKELETON_CHANNELS + IMAGE_CHANNELS)
        self.scales = nn.ModuleList(PatchDiscriminator(inputs, channels, layers) for _ in range(scales))

    def forward(self, skeletons: torch.Tensor, images: torch.Tensor) -> list[list[torch.Tensor]]:
        """skeletons, images: (N, frames, 3, H, W). Returns one list of maps per scale."""
        x = torch.cat([skeletons.flatten(1, 2), images.flatten(1, 2)], dim=1)
        results = []
        for scale in self.scales:
            results.append(scale(x))
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return results


def initialise(module: nn.Module) -> None:
    """Convolution weights from N(0, 0.02), as published."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)


def parameter_count(module: nn.Module) -> int:
    """Number of trainable scalars."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def misfit(network: nn.Module, weights: dict[str, torch.Tensor]) -> str:
    """Where names or shapes of weights differ from a network's, in words; "" where none does."""
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    given = {name: tuple(getattr(value, "shape", ())) for name, value in weights.items()}
    for name in sorted(wanted.keys() | given.keys()):
        if wanted.get(name) != given.get(name):
            return f"{name} is {given.get(name, 'absent')}, not {wanted.get(name, 'absent')}"
    return ""


def fill(network: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """load_state_dict, with a one-line ValueError if names or shapes differ.

    torch raises the same RuntimeError for these as for a device that is out of memory or has failed.
    """
    if why := misfit(network, weights):
        raise ValueError(why)
    network.load_state_dict(weights)
