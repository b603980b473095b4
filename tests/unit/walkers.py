"""Synthetic performers for the tests of the normalisation: their true size and place are known."""

from fractions import Fraction

import numpy as np

from dancenow.camera.path import save_path
from dancenow.keypoints import BODY_NAMES, FACE, INDEX, LEFT_HAND, RIGHT_HAND, Pose, save_pose
from dancenow.pose.normalize_files import measure_normalization_file
from tripod import still_path

FPS = Fraction(25)
FRAMES = 200
# the chain ankles, knees, hips, shoulders, nose of UPRIGHT is this long
HEIGHT = 0.9

# joints of someone 1 px tall who stands with the ankles at the origin; y points down
SHAPE = {
    "nose": (0, -0.9), "eye": (0.02, -0.92), "ear": (0.04, -0.91), "shoulder": (0.12, -0.75),
    "elbow": (0.18, -0.6), "wrist": (0.2, -0.45), "hip": (0.06, -0.5), "knee": (0.06, -0.25),
    "ankle": (0.06, 0), "big_toe": (0.07, 0.03), "small_toe": (0.09, 0.03), "heel": (0.05, 0.02),
}  # fmt: skip


def upright():
    """(133, 2): a standing figure of height 1, ankles at the origin."""
    points = np.zeros((133, 2))
    for index, name in enumerate(BODY_NAMES):
        side, _, joint = name.partition("_")
        x, y = SHAPE[joint or name]
        points[index] = (-x if side == "right" else x), y
    generator = np.random.default_rng(7)
    for part, centre in ((FACE, "nose"), (LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist")):
        count = part.stop - part.start
        points[part] = points[INDEX[centre]] + generator.normal(0, 0.02, (count, 2))
    return points


def performer(height, y, x=256.0, width=512, frame_height=512, rise=0.0):
    """A Pose: `height` px tall, mean ankle at (x, y), both `rise` px above that; numbers or (T,) each."""
    height, y, x, rise = (np.broadcast_to(value, FRAMES)[:, None] for value in (height, y, x, rise))
    keypoints = np.ones((FRAMES, 133, 3))
    keypoints[..., 0] = x + height * upright()[:, 0]
    keypoints[..., 1] = y + height * upright()[:, 1] - rise
    return Pose(keypoints.astype(np.float32), FPS, width, frame_height, "test", "sha256:0")


def walk(low, high):
    """(T,) ankle y of someone who walks from `low` to `high` and back, in 8 seconds."""
    return low + (high - low) * (1 - np.cos(np.linspace(0, 2 * np.pi, FRAMES))) / 2


def perspective(y, per_px=0.5, horizon=100.0):
    """Height px of someone with the ankles at y: it grows with the distance to the horizon."""
    return per_px * (y - horizon)


def leap(frame, height, frames=12):
    """(T,) px above the ground: one jump that starts at `frame`."""
    rise = np.zeros(FRAMES)
    rise[frame : frame + frames] = height * np.sin(np.linspace(0, np.pi, frames))
    return rise


def wander():
    """(T,) ankle x: here and there."""
    return 256 + 60 * np.sin(np.linspace(0, 7, FRAMES))


def without(pose, frames, *names):
    """The Pose with some keypoints missing in some frames."""
    keypoints = pose.keypoints.copy()
    for name in names:
        keypoints[frames, INDEX[name]] = 0
    return pose.replace(keypoints=keypoints)


def copy_of(pose, scale, shift):
    """A Pose scaled and moved as a whole."""
    keypoints = pose.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] * scale + shift
    return pose.replace(keypoints=keypoints.astype(np.float32))


def write_pair(folder):
    """Write pose, camera and normalization of a source and a target; gives what normalize_pair takes."""
    poses = {"source": performer(150, 300), "target": performer(240, 470)}
    for name, pose in poses.items():
        save_pose(folder / f"{name}.npz", pose)
        camera = folder / f"{name}.camera.npz"
        save_path(camera, still_path(len(pose.keypoints), pose.width, pose.height))
        measure_normalization_file(folder / f"{name}.npz", camera, folder / f"{name}.json")
    names = "source.npz", "source.camera.npz", "source.json", "target.npz", "target.json", "pair.npz"
    return [folder / name for name in names]


def rotated(keypoints, degrees):
    """(T, 133, 3) float32: poses turned clockwise about the middle of the hips; degrees: a number or (T,)."""
    points, angle = keypoints.copy(), np.radians(np.broadcast_to(degrees, len(keypoints)))
    middle = keypoints[:, [INDEX["left_hip"], INDEX["right_hip"]], :2].mean(axis=1, keepdims=True)
    matrices = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    points[..., :2] = (keypoints[..., :2] - middle) @ matrices + middle
    points[points[..., 2] == 0] = 0
    return points.astype(np.float32)
