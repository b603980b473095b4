"""A small network that distinguishes real footage from results of this workflow by two consecutive frames.

The paper has such a detector but publishes no architecture; this one is ours (docs/method.md). It is
shown no colours, only the residual of a blur in each frame and the change between them, each relative to
its own strength and truncated, as in the residuals of Fridrich and Kodovský (2012). The content of the
picture and the noise of the camera hardly matter there; how the pixels were made does.
"""

import logging
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dancenow.device import device_of, pick_device, prepare_exact
from dancenow.model.checkpoint import load_weights, read_network, save_network
from dancenow.progress import LogTimer

log = logging.getLogger(__name__)

CHANNELS = 8
BATCH = 32  # half of it real, half fake
LEARNING_RATE = 1e-3
TRUNCATION = 4.0  # times the mean strength, where residuals and differences are cut off
FAINT = 0.25  # levels of 255, added to the mean strength so that rounding errors are not amplified


class Detector(nn.Module):
    """(N, 2, 3, E, E) uint8 RGB squares of consecutive frames -> (N,) logits, above 0 fake, below 0 real.

    channels: feature maps of the first layer, at full size; each of the three layers after it, with stride
    2, has up to four times as many.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        widths = [channels, 2 * channels, 4 * channels, 4 * channels]
        layers, inputs = [], 9
        for width, stride in zip(widths, (1, 2, 2, 2), strict=True):
            layers += [nn.Conv2d(inputs, width, 3, stride, 1), nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(inputs, 1)
        blur = torch.tensor([1.0, 2.0, 1.0]).outer(torch.tensor([1.0, 2.0, 1.0])) / 16
        self.register_buffer("blur", blur.expand(3, 1, 3, 3).clone(), persistent=False)

    def forward(self, pairs: torch.Tensor) -> torch.Tensor:
        """(N, 2, 3, E, E) uint8 squares of two frames each -> (N,) logits, positive for a fake."""
        first, second = pairs[:, 0].float(), pairs[:, 1].float()
        seen = torch.cat([self._residual(first), self._residual(second), second - first], dim=1)
        strength = seen.abs().mean(dim=(2, 3), keepdim=True) + FAINT
        features = self.layers((seen / strength).clamp(-TRUNCATION, TRUNCATION))
        return self.head(features.mean(dim=(2, 3))).squeeze(1)

    def _residual(self, frames: torch.Tensor) -> torch.Tensor:
        """The residual of a 3 x 3 blur of (N, 3, H, W)."""
        return frames - F.conv2d(F.pad(frames, (1, 1, 1, 1), mode="reflect"), self.blur, groups=3)


def train_detector(
    real: np.ndarray, fake: np.ndarray, steps: int, seed: int, threads: int
) -> tuple[Detector, list[float]]:
    """Train a Detector on squares; returns (detector in eval mode, (steps,) list of losses).

    real, fake: (N, 2, 3, E, E) uint8, as from detector_data.draw_squares; each step takes as many of the
    one as of the other. On a CPU the same squares, seed and threads give the same weights.
    """
    device = pick_device()
    prepare_exact(device, threads)
    torch.manual_seed(seed)
    draw = np.random.default_rng(seed)
    detector = Detector(CHANNELS).train().to(device)
    optimiser = torch.optim.Adam(detector.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    labels = torch.cat([torch.zeros(BATCH // 2), torch.ones(BATCH // 2)]).to(device)
    losses, timer = [], LogTimer()
    for step in range(1, steps + 1):
        batch = np.concatenate([kind[draw.integers(0, len(kind), BATCH // 2)] for kind in (real, fake)])
        mirrored = draw.random(BATCH) < 0.5
        batch[mirrored] = batch[mirrored][..., ::-1]
        optimiser.zero_grad()
        loss = F.binary_cross_entropy_with_logits(detector(torch.from_numpy(batch).to(device)), labels)
        loss.backward()
        optimiser.step()
        schedule.step()
        losses.append(loss.item())
        if timer.due(step == steps):
            log.info("step %d of %d, loss %.3f over the last 20", step, steps, np.mean(losses[-20:]))
    return detector.eval(), losses


@torch.inference_mode()
def judge_squares(detector: Detector, squares: np.ndarray) -> float:
    """Logit of a pair of frames: the mean over its squares, (N, 2, 3, E, E) uint8."""
    return detector(torch.from_numpy(squares).to(device_of(detector))).mean().item()


def save_detector(path: str | Path, detector: Detector, description: dict) -> None:
    """Write a detector and its description, a JSON-able dict of the training data."""
    save_network(path, detector.state_dict(), description)


def load_detector(path: str | Path) -> tuple[Detector, dict]:
    """Read a detector file: (detector in eval mode, its description); InputError if it is not one."""
    weights, description = read_network(path, "detector")
    detector = Detector(CHANNELS)
    load_weights(detector, weights, path, "detector")
    return detector.eval(), description
