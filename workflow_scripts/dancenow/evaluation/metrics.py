"""How close a frame and a pose are to the truth: SSIM, PSNR, a perceptual distance, pose error.

Frames are (H, W, 3) uint8 RGB; a box is (x0, y0, x1, y1) whole px, the far edges excluded. A mask is (H, W)
bool of the whole frame, with at least one True in the box: only those places of the box count.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch.nn import functional as F

from dancenow.device import as_images, device_of
from dancenow.keypoints import BODY, MIN_CONFIDENCE, boxes
from dancenow.model.perceptual import PerceptualNetwork, perceptual_distance

BOX_MARGIN = 0.1  # of the box's longer side, on every side: hair, fingers and clothes lie outside the joints
SSIM_SIGMA = 1.5  # px, as in Wang et al. 2004
SSIM_RADIUS = 5  # px, half the window that skimage makes of that sigma
LEAST_EDGE = 64  # px, of what the perceptual network is shown
MISS_PERCENT = 50.0  # of body height: what a missed keypoint costs, and the most that a found one can


class PoseError(NamedTuple):
    """One frame's pose error; `found` is NaN where no keypoint is in both poses.

    found: mean distance in % of body height over the keypoints in both; missed: share (0..1) of the wanted
    keypoints that were not found; with_misses: mean in % over all wanted keypoints, each at most MISS_PERCENT
    and a missed one exactly that, so that showing nobody cannot win. All NaN if nothing was wanted.
    """

    found: float
    missed: float
    with_misses: float


def person_box(keypoints: np.ndarray, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The box of body and feet keypoints with its margin, clipped to the frame; None where nobody is seen.

    keypoints: (133, 3) px; width, height: the frame's size in px.
    """
    tight = boxes(keypoints)
    if np.isnan(tight).any():
        return None
    margin = BOX_MARGIN * max(tight[2] - tight[0], tight[3] - tight[1])
    x0, y0 = np.floor(tight[:2] - margin).astype(int).tolist()
    x1, y1 = np.ceil(tight[2:] + margin + 1).astype(int).tolist()
    box = max(0, x0), max(0, y0), min(width, x1), min(height, y1)
    return box if box[0] < box[2] and box[1] < box[3] else None


def ssim_in_box(
    image: np.ndarray, truth: np.ndarray, box: Sequence[int], mask: np.ndarray | None = None
) -> float:
    """Structural similarity (Wang et al. 2004, Gaussian window, colour channels averaged), mean over the box.

    The window looks past the box's and the mask's edge, so the value is that of the whole frame's SSIM map
    inside them.
    """
    x0, y0, x1, y1 = box
    left, top = max(0, x0 - SSIM_RADIUS), max(0, y0 - SSIM_RADIUS)
    around = np.s_[top : y1 + SSIM_RADIUS, left : x1 + SSIM_RADIUS]
    _, values = structural_similarity(
        image[around],
        truth[around],
        data_range=255,
        channel_axis=2,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
        full=True,
    )
    inside = values[y0 - top : y1 - top, x0 - left : x1 - left]
    return float(inside.mean() if mask is None else inside[mask[y0:y1, x0:x1]].mean())


def psnr_in_box(
    image: np.ndarray, truth: np.ndarray, box: Sequence[int], mask: np.ndarray | None = None
) -> float:
    """Peak signal-to-noise ratio in dB over the box's pixels; infinite where they are equal.

    image, truth: (H, W, 3) uint8 RGB; box: x0, y0, x1, y1 px; mask: (H, W) bool, the pixels that count.
    """
    x0, y0, x1, y1 = box
    shown, true = image[y0:y1, x0:x1], truth[y0:y1, x0:x1]
    if mask is not None:
        shown, true = shown[mask[y0:y1, x0:x1]], true[mask[y0:y1, x0:x1]]
    if np.array_equal(shown, true):
        return float("inf")
    return float(peak_signal_noise_ratio(true, shown, data_range=255))


@torch.inference_mode()
def perceptual_in_box(
    network: PerceptualNetwork,
    images: Sequence[np.ndarray],
    truth: np.ndarray,
    box: Sequence[int],
    mask: np.ndarray | None = None,
) -> list[float]:
    """The network's distance of each of `images` to `truth` inside the box: list of floats >= 0, 0 = alike.

    network: a PerceptualNetwork, wherever it is; images, truth: (H, W, 3) uint8 RGB; box: x0, y0, x1, y1 px;
    mask: (H, W) bool, the pixels that count. A box with a short edge under 64 px, the size of the patches
    that LPIPS was calibrated on, is enlarged to that, so that the deep layers still have places to compare.
    Outside the mask the images are given the truth's pixels, so that nothing there reaches the features
    inside.
    """
    x0, y0, x1, y1 = box
    stack, weight = np.stack([truth, *images])[:, y0:y1, x0:x1], None
    if mask is not None:
        inside = mask[y0:y1, x0:x1]
        stack = np.where(inside[..., None], stack, stack[:1])
        weight = torch.from_numpy(inside[None, None].astype(np.float32)).to(device_of(network))
    batch = _network_input(stack, device_of(network))
    # the truth's features broadcast over the images'
    return perceptual_distance(network, batch[1:], batch[:1], weight).tolist()


@torch.inference_mode()
def pooled_features(
    network: PerceptualNetwork, images: Sequence[np.ndarray], box: Sequence[int]
) -> np.ndarray:
    """The network's deepest features inside the box, averaged over places: (len(images), C) float64.

    images: (H, W, 3) uint8 RGB; box: x0, y0, x1, y1 px. Scaled to a root mean square of 1 over the channels,
    so that a network's own scale does not matter.
    """
    x0, y0, x1, y1 = box
    stack = np.stack(images)[:, y0:y1, x0:x1]
    deepest = network(_network_input(stack, device_of(network)))[-1].double()
    pooled = F.normalize(deepest.mean(dim=(2, 3)), dim=1)
    return (pooled * pooled.shape[1] ** 0.5).cpu().numpy()


def pose_error(found: np.ndarray, wanted: np.ndarray, height_px: float) -> PoseError:
    """PoseError over the 17 body keypoints of one frame.

    found, wanted: (133, 3) px; height_px: body height in px, as from `standing_height`.
    """
    found, wanted = found[BODY], wanted[BODY]
    expected = wanted[:, 2] >= MIN_CONFIDENCE
    if not expected.any():
        return PoseError(*[float("nan")] * 3)
    both = expected & (found[:, 2] >= MIN_CONFIDENCE)
    percent = 100 * np.linalg.norm(found[both, :2] - wanted[both, :2], axis=1) / height_px
    misses = int(expected.sum() - both.sum())
    charged = np.minimum(percent, MISS_PERCENT).sum() + misses * MISS_PERCENT
    mean = float(percent.mean()) if len(percent) else float("nan")
    return PoseError(mean, misses / int(expected.sum()), float(charged / expected.sum()))


def _network_input(stack: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, h, w, 3) uint8 -> (N, 3, h', w') float in [-1, 1], a short edge enlarged to LEAST_EDGE."""
    batch = as_images(torch.from_numpy(stack).permute(0, 3, 1, 2), device)
    short = min(batch.shape[2:])
    if short < LEAST_EDGE:
        size = [round(edge * LEAST_EDGE / short) for edge in batch.shape[2:]]
        batch = F.interpolate(batch, size=size, mode="bicubic", align_corners=False)
    return batch
