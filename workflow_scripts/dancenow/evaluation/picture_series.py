"""Measure the frames of several videos in one pass, frame by frame."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from dancenow.evaluation.metrics import pooled_features
from dancenow.evaluation.names import FACE, LPIPS_FORM, PERSON, REGIONS, TRUTH
from dancenow.evaluation.regions import compare, regions_of, silhouette
from dancenow.evaluation.temporal import measure_step, step_between

TIME_KEYS = ("flicker", "warping_error", "difference_error")
KERNEL_REGIONS = (PERSON, FACE)  # regions whose crops show the same kind of content
# all regions but the person's box are measured on every EVERY-th frame, on all of them up to MANY frames
EVERY, MANY = 5, 20


@dataclass(frozen=True)
class Truth:
    """What the results are compared with.

    frames: sized iterable of T (H, W, 3) uint8 RGB frames, iterated more than once; background: one such
    frame; valid: frame number -> (H, W) bool, what the frame shows, or None where it shows all: elsewhere
    nothing is measured.
    """

    frames: Any
    background: np.ndarray
    valid: Callable | None = None


class PictureSeries(NamedTuple):
    """What `measure_pictures` found.

    every: the regions beside the person's box were measured on every n-th frame. images: {row: {region:
    {measure: (T,) float}}}; time: the same without regions, with a row for the truth; entry t is about frames
    t and t + 1. features: {region: {row: (N, C)}}, with a row for the truth, for
    dancenow.evaluation.kernel_distance; sampled: {region: (N,) int}, their frames. NaN where there was
    nothing to measure.
    """

    every: int
    images: dict
    time: dict
    features: dict
    sampled: dict


def measure_pictures(
    rows: dict,
    truth: Truth,
    wanted: np.ndarray,
    driving: np.ndarray,
    body_height: float,
    judges: dict,
) -> PictureSeries:
    """Walk once through all videos and measure their pictures against the truth's: a PictureSeries.

    rows: {row: iterable of T (H, W, 3) uint8 RGB frames}; wanted, driving: (T, 133, 3) px, the people in the
    truth and the driving poses; body_height: px; judges: as from lpips.load_judges, whose keys are measures
    beside "ssim" and "psnr".
    """
    count = len(wanted)
    every = min(EVERY, -(-count // MANY))
    measures = ("ssim", "psnr", *judges)
    images = np.full((len(REGIONS), len(measures), len(rows), count), np.nan)
    time = np.full((len(TIME_KEYS), len(rows) + 1, count), np.nan)
    features, sampled = ({name: [] for name in KERNEL_REGIONS} for _ in range(2))
    before = None
    for index, (true, *shown) in enumerate(zip(truth.frames, *rows.values(), strict=True)):
        seen = truth.valid(index) if truth.valid else None
        mask = silhouette(true, truth.background, wanted[index])
        if seen is not None:
            shown = [np.where(seen[..., None], image, true) for image in shown]
            mask &= seen
        regions = regions_of(wanted[index], mask, body_height, seen)
        for place, name in enumerate(REGIONS):
            if name in regions and (name == PERSON or index % every == 0):
                images[place, ..., index] = compare(judges.values(), shown, true, regions[name])
        for name in KERNEL_REGIONS:
            if name in regions and index % every == 0:
                box = regions[name].boxes[0]
                features[name].append(pooled_features(judges[LPIPS_FORM], [*shown, true], box))
                sampled[name].append(index)
        now = [*shown, true], mask, driving[index]
        if before:
            pictures, masks, poses = zip(before, now, strict=True)
            time[:, :, index - 1] = _step(pictures, masks, poses, body_height)
        before = now
    names = [*rows, TRUTH]
    return PictureSeries(
        every,
        images={row: _by_region(measures, images[:, :, column]) for column, row in enumerate(rows)},
        time={row: dict(zip(TIME_KEYS, time[:, column], strict=True)) for column, row in enumerate(names)},
        features={
            region: dict(zip(names, np.stack(kept, axis=1), strict=True))
            for region, kept in features.items()
            if kept
        },
        sampled={region: np.array(kept) for region, kept in sampled.items() if kept},
    )


def _by_region(measures: Sequence[str], values: np.ndarray) -> dict:
    """(regions, measures, T) float -> {region: {measure: (T,)}}."""
    return {
        name: dict(zip(measures, region, strict=True)) for name, region in zip(REGIONS, values, strict=True)
    }


def _step(frames: Sequence, masks: Sequence, driving: Any, body_height: float) -> np.ndarray:
    """(3, N + 1) float of two consecutive frames; frames: two lists of N + 1, the truth's last."""
    before, after = frames
    truth = before[-1], after[-1]
    step = step_between(truth, masks, driving, body_height)
    if step is None:
        return np.full((len(TIME_KEYS), len(before)), np.nan)
    return np.transpose([measure_step(step, pair, truth) for pair in zip(before, after, strict=True)])
