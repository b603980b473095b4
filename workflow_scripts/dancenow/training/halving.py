"""The footage at half its size, for the first of two stages."""

from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.keypoints import Pose, load_pose, save_pose
from dancenow.video.frames import write_frames


def halve(picture: np.ndarray) -> np.ndarray:
    """(H, W, ...) uint8 -> (H / 2, W / 2, ...): 3 x 3 means around every second pixel, from the first on.

    The same positions as in the pooling before the enhancer's trunk, so that the trunk sees in the
    second stage what it saw in the first.
    """
    return cv2.blur(picture, (3, 3))[::2, ::2]


def halve_pose(pose: Pose) -> Pose:
    """The Pose in frames halved by `halve`."""
    return pose.placed(pose.keypoints[..., :2] / 2, pose.width // 2, pose.height // 2)


def halve_footage(
    frames_path: str | Path,
    view_path: str | Path | None,
    pose_path: str | Path,
    half_frames_path: str | Path,
    half_pose_path: str | Path,
) -> None:
    """Frames and pose of a subject at half the size, from files to files.

    view_path: the subject's steady view, of which the framing is halved, or None for a still camera.
    """
    store = open_steady_files(frames_path, view_path, framed=True)

    def describe(count: int) -> dict:
        return {
            "width": store.width // 2,
            "height": store.height // 2,
            "fps": store.facts["fps"],
            "frames": count,
            "cuts": store.cuts,
        }

    frames = (halve(store[index]) for index in range(len(store)))
    write_frames(frames, store.facts["fps"], describe, half_frames_path)
    save_pose(half_pose_path, halve_pose(load_pose(pose_path)))
