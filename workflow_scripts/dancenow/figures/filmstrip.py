"""Show consecutive frames of several trainings, and the changes between them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.figures.moments import person_window, read_moments, stillest
from dancenow.figures.strips import PICTURES_INCHES, Strip, print_strips, window
from dancenow.keypoints import Pose, load_pose
from dancenow.pose.draw import draw_pose

FEWEST, MOST = 4, 8
CELL_INCHES = 1.0  # high
GAIN = 6  # the differences are drawn this many times as strong


def plot_filmstrip(
    names: Sequence[str],
    videos: Sequence[str | Path],
    pose_path: str | Path,
    png: str | Path,
    pdf: str | Path,
) -> None:
    """Two rows per method, its frames and their differences, below the skeleton; writes a PNG and a PDF.

    names: the methods; videos: of each its result of the same pair; pose_path: the Pose that all were
    synthesized from. Shown are the consecutive frames in which the skeleton moves least: whatever changes
    there is flicker.
    """
    pose = load_pose(pose_path)
    moments, box = _choose(pose)
    drawn = [window(draw_pose(pose, moment), box) for moment in moments]
    strips = [Strip("skeleton", drawn, [f"frame {moment}" for moment in moments])]
    for name, video in zip(names, videos, strict=True):
        cut = [window(frame, box) for frame in read_moments(video, moments, pose.width, pose.height)]
        strips.append(Strip(name, cut))
        strips.append(Strip(f"change, × {GAIN}", differences(cut), _levels(cut)))
    print_strips([strips], png, pdf, CELL_INCHES)


def _choose(pose: Pose) -> tuple[list[int], tuple[int, int, int, int]]:
    """The frames to show and the window around the person, as many as fit beside each other."""
    for number in range(min(MOST, len(pose.keypoints)), 1, -1):
        first = stillest(pose.keypoints, number)
        moments = list(range(first, first + number))
        x0, y0, x1, y1 = box = person_window(pose.keypoints[moments], pose.width, pose.height)
        if number <= FEWEST or number * CELL_INCHES * (x1 - x0) / (y1 - y0) <= PICTURES_INCHES:
            return moments, box
    raise InputError("a pose of one frame has no consecutive frames to show; use a longer clip of the source")


def differences(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """How much each frame differs from the one before it, dark on white: list of (H, W) uint8.

    Mean over the colours, GAIN times as strong; the first has none before it and is white.
    """
    steps = [np.zeros(frames[0].shape[:2])]
    for before, after in zip(frames[:-1], frames[1:], strict=True):
        steps.append(np.abs(after.astype(float) - before).mean(axis=2))
    return [np.rint(255 - np.clip(GAIN * step, 0, 255)).astype(np.uint8) for step in steps]


def _levels(frames: Sequence[np.ndarray]) -> list[str]:
    """The mean difference of each frame to the one before, in levels of 0..255."""
    pairs = zip(frames[:-1], frames[1:], strict=True)
    return ["", *(f"mean {np.abs(after.astype(float) - before).mean():.2f}" for before, after in pairs)]
