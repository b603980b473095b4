"""Measure person and background of a clip: sharpness, exposure, changes of light, moving background."""

import cv2
import numpy as np
from scipy.ndimage import uniform_filter1d

from dancenow.camera.steady_frames import valid_of
from dancenow.evenly import evenly
from dancenow.keypoints import Pose
from dancenow.model.background import person_mask
from dancenow.pictures import Frames

SAMPLED = 120  # frames looked at, evenly spread over the clip
BLUR = 9  # px of the box filter that blurs again
LEAST_PERSON_PIXELS = 400  # of the person's mask; fewer are not enough to measure sharpness
DARK, BRIGHT = 8, 247  # 8-bit luma at or beyond these counts as clipped
# px: the background is compared with itself at this width, where noise has been averaged away
BACKGROUND_WIDTH = 160
CHANGED = 20  # levels: a pixel of the background that differs from its median by more has changed


def person_sharpness(luma: np.ndarray, mask: np.ndarray) -> float:
    """The sharpness of a picture inside a mask, from 0 (blurred) to 1.

    luma: (H, W) uint8; mask: (H, W) bool. Along each axis the picture is blurred once more and the share of
    its gradients that this removes is measured: a sharp picture loses much, a blurred one little.
    1 - the measure of Crete et al., The blur effect (HVEI 2007), over the mask instead of the frame; the
    less sharp axis decides, so that motion blur in one direction counts. NaN: fewer than LEAST_PERSON_PIXELS
    in the mask, or no gradient in it.
    """
    if mask.sum() < LEAST_PERSON_PIXELS:
        return float("nan")
    picture, shares = luma.astype(np.float32), []
    for axis in (0, 1):
        blurred = uniform_filter1d(picture, BLUR, axis=axis, mode="nearest")
        edges, soft = (np.abs(np.diff(layer, axis=axis)) for layer in (picture, blurred))
        inside = mask[1:] if axis == 0 else mask[:, 1:]
        total = edges[inside].sum()
        if total == 0:
            return float("nan")
        shares.append(float(np.maximum(edges - soft, 0)[inside].sum() / total))
    return min(shares)


def measure_appearance(frames: Frames, pose: Pose | None) -> dict[str, np.ndarray]:
    """What SAMPLED frames look like, inside and outside the person.

    frames: sequence of (H, W, 3) uint8 RGB, or SteadyFrames, whose blank edges count for nothing; pose: the
    Pose in them, or None when there is nobody. Returns a dict of (S,) series: frame, int; sharpness, 0..1;
    light, the person's mean luma 0..255; dark and bright, shares of the person's pixels that are clipped;
    background_light, median luma outside the person; background_change, share of the pixels there that
    differ from their median over the samples. NaN where a frame has no person, or nothing but the person.
    """
    chosen = evenly(len(frames), SAMPLED)
    rows, seen, outsides = [], [], []
    for index in chosen.tolist():
        luma = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        height, width = luma.shape
        mask = (
            np.zeros(luma.shape, bool) if pose is None else person_mask(pose.keypoints[index], width, height)
        )
        valid = valid_of(frames, index)
        free = ~mask if valid is None else valid & ~mask
        inside, outside = luma[mask], luma[free]
        rows.append((
            person_sharpness(luma, mask),
            inside.mean() if inside.size else np.nan,
            (inside <= DARK).mean() if inside.size else np.nan,
            (inside >= BRIGHT).mean() if inside.size else np.nan,
            np.median(outside) if outside.size else np.nan,
        ))  # fmt: skip
        size = BACKGROUND_WIDTH, max(1, round(BACKGROUND_WIDTH * height / width))
        seen.append(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))
        outsides.append(cv2.resize((~free).astype(np.float32), size, interpolation=cv2.INTER_AREA) == 0)
    names = "sharpness", "light", "dark", "bright", "background_light"
    series = dict(zip(names, np.array(rows, np.float64).T, strict=True))
    return {"frame": chosen, **series, "background_change": _changed(np.stack(seen), np.stack(outsides))}


def _changed(seen: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """(S,) share of the pixels outside the person that differ from their median over time.

    seen: (S, h, w) uint8; outside: (S, h, w) bool. Each frame's overall brightness is taken out first: light
    that changes is measured apart.
    """
    if not outside.any():
        return np.full(len(seen), np.nan)
    stack = np.where(outside, seen.astype(np.float32), np.nan)
    with np.errstate(invalid="ignore"):
        usual = _median(stack, axis=0)
        difference = stack - usual
        difference -= _median(difference.reshape(len(stack), -1), axis=1)[:, None, None]
        known = np.isfinite(difference)
        changed = (np.abs(difference) > CHANGED) & known
    counts = known.sum(axis=(1, 2))
    return np.where(counts > 0, changed.sum(axis=(1, 2)) / np.maximum(counts, 1), np.nan)


def _median(values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """np.nanmedian; NaN, without a warning, where all are NaN."""
    empty = np.isnan(values).all(axis=axis, keepdims=True)
    return np.where(empty.squeeze(axis), np.nan, np.nanmedian(np.where(empty, 0, values), axis=axis))
