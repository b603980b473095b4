"""Temporal measures of two consecutive frames: flicker, warping error, error of the frame difference.

All three are in levels of 0..255 and look only at the person; a background behind it never changes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from dancenow.keypoints import BODY, MIN_CONFIDENCE
from dancenow.model.background import LIMBS

STILL_SHARE = 0.003  # of the standing height, from one frame to the next: what counts as standing still
DISC_SHARE = 0.05  # of the standing height: radius of what belongs to a keypoint
LEAST_AREA = 16  # px: a smaller area gives no mean
LIMB_BONES = [bone for limb in LIMBS for bone in zip(limb[:-1], limb[1:], strict=True)]
FLOW_MARGIN = 16  # px around the person, for the optical flow to look at
# occlusion by disagreement of forward and backward flow, with the constants of Sundaram et al. 2010
OCCLUSION_SHARE, OCCLUSION_PX2 = 0.01, 0.5


class Step(NamedTuple):
    """Facts about two consecutive frames from truth and driving pose; the arrays cover `inside`.

    inside: two slices, rows and columns of the frame; person, still, traced: (h, w) bool, see `step_between`;
    flow: (h, w, 2) float32 px, x and y.
    """

    inside: tuple
    person: np.ndarray
    still: np.ndarray
    traced: np.ndarray
    flow: np.ndarray


def step_between(truth: Sequence, masks: Sequence, driving: Sequence, body_height: float) -> Step | None:
    """The Step between two frames, or None where the masks show nobody.

    truth: two (H, W, 3) uint8 RGB frames; masks: two (H, W) bool, the person in them; driving: two (133, 3)
    px poses; body_height: px. person: in either mask. still: in both masks, within DISC_SHARE of a body
    keypoint that moves less than STILL_SHARE, and of no keypoint or limb that moves more. traced: in the
    first mask, and the flow from the first frame to the second, which is the truth's, finds its way back.
    """
    person = masks[0] | masks[1]
    if not person.any():
        return None
    inside = _surroundings(person)
    before, after = (cv2.cvtColor(frame[inside], cv2.COLOR_RGB2GRAY) for frame in truth)
    flow = _optical_flow(before, after)
    traced = masks[0][inside] & returns(flow, _optical_flow(after, before))
    still = (masks[0] & masks[1] & _still(driving, body_height, person.shape))[inside]
    return Step(inside, person[inside], still, traced, flow)


def measure_step(step: Step, frames: Sequence, truth: Sequence) -> tuple[float, float, float]:
    """(flicker, warping error, difference error) of one video's step, each NaN without enough pixels.

    frames, truth: two (H, W, 3) uint8 RGB frames each. flicker: mean |b - a| where the skeleton is still.
    warping error (Lai et al. 2018, its root): root mean square of a - b, with b brought back to a along the
    truth's flow, where that can be traced. difference error: mean |(b - a) - (b' - a')| over the person, a'
    and b' being the truth; zero for a video whose every change is the truth's.
    """
    a, b, true_a, true_b = (frame[step.inside].astype(np.float32) for frame in (*frames, *truth))
    flicker = np.abs(b - a)
    warping = np.square(a - warp_back(b, step.flow))
    difference = np.abs((b - a) - (true_b - true_a))
    return _mean(flicker, step.still), _mean(warping, step.traced) ** 0.5, _mean(difference, step.person)


def warp_back(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Take each pixel of (h, w, C) float32 from where the flow moved it; edges are extended outside."""
    y, x = np.mgrid[: flow.shape[0], : flow.shape[1]].astype(np.float32)
    return cv2.remap(
        picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def returns(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """(h, w) bool: where forward and backward flow agree.

    forward, backward: (h, w, 2) float32 px. Elsewhere something was covered or came into view.
    """
    back = warp_back(backward, forward)
    gap = np.square(forward + back).sum(axis=2)
    length = np.square(forward).sum(axis=2) + np.square(back).sum(axis=2)
    return gap < OCCLUSION_SHARE * length + OCCLUSION_PX2


def _optical_flow(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32 px from one grey uint8 picture to the next (DIS; Kroeger et al. 2016)."""
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(before, after, None)


def _surroundings(mask: np.ndarray) -> tuple[slice, slice]:
    """Slices of rows and columns that hold the mask and FLOW_MARGIN px around it."""
    found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, at[0] - FLOW_MARGIN), at[-1] + 1 + FLOW_MARGIN) for at in found)
    return rows, columns


def _still(driving: Sequence, body_height: float, shape: tuple) -> np.ndarray:
    """(H, W) bool: near a keypoint of the body that stands still, and near nothing that moves."""
    before, after = driving
    seen = (before[:, 2] >= MIN_CONFIDENCE) & (after[:, 2] >= MIN_CONFIDENCE)
    moving = seen & (np.linalg.norm(after[:, :2] - before[:, :2], axis=1) > STILL_SHARE * body_height)
    radius = max(1, round(DISC_SHARE * body_height))
    points = np.rint(after[:, :2]).astype(int).tolist()
    near, restless = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    for index in np.flatnonzero((seen & ~moving)[BODY]):
        cv2.circle(near, points[index], radius, 1, -1)
    for index in np.flatnonzero(moving):
        cv2.circle(restless, points[index], radius, 1, -1)
    for start, end in LIMB_BONES:
        if seen[start] and seen[end] and (moving[start] or moving[end]):
            cv2.line(restless, points[start], points[end], 1, 2 * radius)
    return near.astype(bool) & ~restless.astype(bool)


def _mean(values: np.ndarray, mask: np.ndarray) -> float:
    """Mean of (h, w, C) values over the mask and the channels; NaN for fewer than LEAST_AREA."""
    return float(values[mask].mean()) if mask.sum() >= LEAST_AREA else float("nan")
