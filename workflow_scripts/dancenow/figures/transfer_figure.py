"""A picture of the whole transfer: source, normalised skeleton and result, one moment per column."""

from pathlib import Path

import cv2
import numpy as np

from dancenow.evenly import spread
from dancenow.figures.moments import read_moments
from dancenow.keypoints import load_pose
from dancenow.pictures import write_png
from dancenow.pose.draw import draw_pose
from dancenow.video.frames import FrameStore

MOMENTS = 6
CELL_HEIGHT = 320


def plot_transfer(
    source_frames_path: str | Path, pose_path: str | Path, video_path: str | Path, figure_path: str | Path
) -> None:
    """Source footage above, the skeleton that the generator was given, and what it synthesized, below.

    source_frames_path: a FrameStore; pose_path: the normalised Pose; video_path: the result. The moments are
    spread evenly over the dance. Writes a PNG.
    """
    frames, pose = FrameStore(source_frames_path), load_pose(pose_path)
    moments = spread(len(frames), MOMENTS)
    rows = (
        [frames[moment] for moment in moments],
        [draw_pose(pose, moment) for moment in moments],
        read_moments(video_path, moments, pose.width, pose.height),
    )
    width = max(round(CELL_HEIGHT * row[0].shape[1] / row[0].shape[0]) for row in rows)
    picture = np.concatenate([np.concatenate([_cell(cell, width) for cell in row], axis=1) for row in rows])
    write_png(figure_path, picture)


def _cell(picture: np.ndarray, width: int) -> np.ndarray:
    """The picture CELL_HEIGHT px high, centred on black in a cell of `width` px."""
    shown = round(CELL_HEIGHT * picture.shape[1] / picture.shape[0])
    shown = cv2.resize(picture, (shown, CELL_HEIGHT), interpolation=cv2.INTER_AREA)
    left = (width - shown.shape[1]) // 2
    return np.pad(shown, ((0, 0), (left, width - shown.shape[1] - left), (0, 0)))
