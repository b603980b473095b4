"""Show faces before and after the face generator, with the real ones."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.errors import InputError
from dancenow.evenly import evenly
from dancenow.figures.moments import read_moments
from dancenow.figures.strips import Strip, print_strips, window
from dancenow.keypoints import load_pose
from dancenow.model.face import face_corners
from dancenow.training.holdout import heldout, training_frame_count

FACES = 7
CELL_INCHES = 1.0


@dataclass(frozen=True)
class TargetFiles:
    """Paths of a target's FrameStore, of its Pose, and of its view, None for a tripod."""

    frames: str | Path
    pose: str | Path
    steady: str | Path | None = None


def plot_faces(
    videos: dict[str, str | Path],
    target: TargetFiles,
    holdout: float,
    size: int,
    png: str | Path,
    pdf: str | Path,
) -> None:
    """One row per method below the row of real faces, from held-out footage; writes a PNG and a PDF.

    videos: {method: its reconstruction of the held-out frames}; size: edge of the square, px. The moments are
    spread evenly over the frames that show a face; InputError if none does.
    """
    store, pose = open_steady_files(target.frames, target.steady, framed=True), load_pose(target.pose)
    first = training_frame_count(len(store), holdout)
    unseen = heldout(pose, holdout)
    size = min(size, pose.width, pose.height)
    corners, visible = face_corners(unseen.keypoints, size, (0, 0, pose.width, pose.height))
    shown = np.flatnonzero(visible)
    if not len(shown):
        raise InputError(
            f"{target.pose}: the held-out frames show no face; leave out variants with train.face"
        )
    moments = shown[evenly(len(shown), FACES)].tolist()
    boxes = [(x, y, x + size, y + size) for x, y in corners[moments].tolist()]
    real = [window(store[first + moment], box) for moment, box in zip(moments, boxes, strict=True)]
    strips = [Strip("real", real, [f"frame {first + moment}" for moment in moments])]
    for name, video in videos.items():
        frames = read_moments(video, moments, pose.width, pose.height)
        strips.append(Strip(name, [window(*pair) for pair in zip(frames, boxes, strict=True)]))
    print_strips([strips], png, pdf, CELL_INCHES)
