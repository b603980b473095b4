"""A picture to check that the normalisation put the right figure in the right place."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dancenow.camera.steady_frames import open_steady_files
from dancenow.evenly import spread
from dancenow.files import atomic_path
from dancenow.keypoints import Pose, load_pose
from dancenow.pose.draw import draw_over, draw_skeleton
from dancenow.pose.normalize import standing_frames
from dancenow.video.frames import FrameStore

MOMENTS = 4
CELL_INCHES = 3.2
DARKENED = 0.6  # brightness of the footage under the skeletons


def plot_normalization(
    source_frames_path: str | Path,
    source_pose_path: str | Path,
    target_frames_path: str | Path,
    pose_path: str | Path,
    figure_path: str | Path,
    steady_path: str | Path | None = None,
) -> None:
    """Source with its skeleton | normalised skeleton | the same over target footage, one moment per row.

    source_frames_path, target_frames_path: FrameStores; steady_path: the latter's view; source_pose_path,
    pose_path: the Pose before and after normalize_pose. The target's frames are spread evenly over its
    clip. Writes a PNG. Raises InputError like measure_normalization.
    """
    source_frames = FrameStore(source_frames_path)
    target_frames = open_steady_files(target_frames_path, steady_path, framed=True)
    source, pose = load_pose(source_pose_path), load_pose(pose_path)
    moments = choose_moments(source, MOMENTS)
    target_moments = spread(len(target_frames), len(moments))
    rows = []
    for moment, target_moment in zip(moments, target_moments, strict=True):
        before, after = source.keypoints[moment], pose.keypoints[moment]
        rows.append((
            (f"frame {moment}", draw_over(source_frames[moment], before, DARKENED)),
            (f"frame {moment}", draw_skeleton(after, pose.width, pose.height)),
            (f"frame {moment} on {target_moment}", draw_over(target_frames[target_moment], after, DARKENED)),
        ))  # fmt: skip
    source_name, target_name = Path(source_frames_path).stem, Path(target_frames_path).stem
    headings = f"source\n{source_name}", "normalised\n", f"over target\n{target_name}"
    with atomic_path(figure_path) as partial:
        _grid(rows, headings).savefig(partial, format="png")


def choose_moments(pose: Pose, count: int) -> list[int]:
    """`count` (or all, if the clip is shorter) ascending frame numbers of a Pose, always the same.

    The closest and the furthest place come first, then again and again the frame that lies furthest in time
    from those chosen and from the clip's ends.
    """
    standing, y = standing_frames(pose)
    frames = np.arange(len(y))
    candidates = frames[standing]
    chosen = list(dict.fromkeys((candidates[y[standing].argmax()], candidates[y[standing].argmin()])))
    while len(chosen) < min(count, len(frames)):
        distance = np.abs(frames[:, None] - [-1, *chosen, len(frames)]).min(axis=1)
        chosen.append(frames[distance.argmax()])
    return sorted(int(frame) for frame in chosen)


def _grid(rows: Sequence[Sequence[tuple[str, np.ndarray]]], headings: Sequence[str]) -> Figure:
    """A Figure of rows of (title, (H, W, 3) uint8 picture), every column as wide as its pictures are."""
    aspects = [picture.shape[1] / picture.shape[0] for _, picture in rows[0]]
    size = CELL_INCHES * sum(aspects), (CELL_INCHES + 0.3) * len(rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(len(rows), len(headings), width_ratios=aspects, squeeze=False)
    for row, cells in zip(axes, rows, strict=True):
        for axis, (title, picture) in zip(row, cells, strict=True):
            axis.imshow(picture, interpolation="lanczos")
            axis.set_title(title, fontsize=8)
            axis.set_axis_off()
    for axis, heading in zip(axes[0], headings, strict=True):
        axis.set_title(f"{heading}\n{axis.get_title()}", fontsize=8)
    return figure
