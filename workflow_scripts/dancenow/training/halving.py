"""The footage at half its size, for the first of two stages."""

from typing import Any

import cv2
import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.keypoints import Pose, load_pose, save_pose
from dancenow.video.frames import write_frames


def halve(picture: np.ndarray) -> np.ndarray:
    """(H, W, ...) uint8 -> (H / 2, W / 2, ...): 3 x 3 means around every second pixel, from the first on.

    The same places that the pooling in front of the enhancer's trunk takes, so that the trunk sees in the
    second stage what it saw in the first.
    """
    return cv2.blur(picture, (3, 3))[::2, ::2]


def halve_pose(pose: Pose) -> Pose:
    """A Pose in the frames that `halve` makes."""
    keypoints = pose.keypoints.copy()
    keypoints[..., :2] /= 2
    return pose.replace(keypoints=keypoints, width=pose.width // 2, height=pose.height // 2)


def halve_footage(inputs: Any, outputs: Any) -> None:
    """Frames and pose of a subject at half the size.

    inputs: frames, pose, steady (paths); of a moving camera the framing is halved. outputs: frames, index,
    facts, pose (paths).
    """
    store = open_steady_files(inputs.frames, inputs.steady, framed=True)

    def describe(count: int) -> dict:
        return {
            "width": store.width // 2,
            "height": store.height // 2,
            "fps": store.facts["fps"],
            "frames": count,
            "cuts": store.cuts,
        }

    frames = (halve(store[index]) for index in range(len(store)))
    write_frames(frames, store.facts["fps"], describe, outputs.frames, outputs.index, outputs.facts)
    save_pose(outputs.pose, halve_pose(load_pose(inputs.pose)))
