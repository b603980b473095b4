"""A synthetic performer for the tests: a figure that stands, steps and waves, without any detector."""

from contextlib import contextmanager
from fractions import Fraction
from unittest import mock

import numpy as np
import torch

from dancenow.keypoints import COUNT, INDEX, Pose

# a standing figure of height 1 with its feet at the origin, y down, seen from the front
STANDING = {
    "nose": (0.00, -0.93), "left_eye": (0.02, -0.95), "right_eye": (-0.02, -0.95),
    "left_ear": (0.04, -0.94), "right_ear": (-0.04, -0.94),
    "left_shoulder": (0.11, -0.81), "right_shoulder": (-0.11, -0.81),
    "left_elbow": (0.20, -0.65), "right_elbow": (-0.20, -0.65),
    "left_wrist": (0.25, -0.49), "right_wrist": (-0.25, -0.49),
    "left_hip": (0.07, -0.52), "right_hip": (-0.07, -0.52),
    "left_knee": (0.08, -0.28), "right_knee": (-0.08, -0.28),
    "left_ankle": (0.08, -0.03), "right_ankle": (-0.08, -0.03),
    "left_big_toe": (0.11, 0.0), "left_heel": (0.07, 0.0),
    "right_big_toe": (-0.11, 0.0), "right_heel": (-0.07, 0.0),
}  # fmt: skip


def performer(count=12, width=128, height=96, fps=Fraction(25), tall=60.0):
    """A Pose of `count` frames: the figure sways and moves its arms; face and hands are missing."""
    keypoints = np.zeros((count, COUNT, 3), np.float32)
    for frame in range(count):
        sway = 6 * np.sin(frame / 3)
        for name, (x, y) in STANDING.items():
            lift = 0.1 * np.sin(frame / 2) if "wrist" in name or "elbow" in name else 0.0
            place = (width / 2 + sway + tall * x, height - 12 + tall * (y - lift))
            keypoints[frame, INDEX[name]] = (*place, 0.9)
    return Pose(keypoints, fps, width, height, "mediapipe", "sha256:test")


def footage(pose, background=90):
    """(T, H, W, 3) uint8: a flat wall with a bright block where the figure's trunk is."""
    frames = np.full((len(pose.keypoints), pose.height, pose.width, 3), background, np.uint8)
    for frame, points in zip(frames, pose.keypoints, strict=True):
        x0, y0 = points[INDEX["right_shoulder"], :2].astype(int)
        x1, y1 = points[INDEX["left_hip"], :2].astype(int)
        frame[y0:y1, x0:x1] = (220, 60, 60)
    return frames


@contextmanager
def uninitialised():
    """Networks made inside have their shapes but no numbers: those of the published size cost nothing."""
    names = ("normal_", "uniform_", "kaiming_uniform_")
    with mock.patch.multiple(torch.nn.init, **{name: lambda tensor, *_, **__: tensor for name in names}):
        yield
