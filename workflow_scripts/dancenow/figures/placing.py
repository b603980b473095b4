"""What the normalisation does to a transfer: skeletons over the target's footage, and both results."""

from pathlib import Path
from typing import Any

import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.figures.moments import over, read_moments, spread
from dancenow.figures.normalization_figure import choose_moments
from dancenow.figures.strips import ROOM_INCHES, Strip, print_strips
from dancenow.keypoints import Pose, load_pose
from dancenow.video.frames import FrameStore

FEWEST, MOST = 3, 6
CELL_INCHES = 1.25  # high


def plot_placing(inputs: Any, png: str | Path, pdf: str | Path) -> None:
    """Five rows: the source, then skeleton and result without and with normalisation; writes a PNG and a PDF.

    inputs: source_frames, target_frames (FrameStores), steady (the latter's view), source_pose,
    before_pose, after_pose (Poses: the source's, letterboxed, normalised), before_video, after_video
    (paths). The moments are those of dancenow.figures.normalization_figure, the furthest and the closest
    place among them; the target's frames are spread over its clip.
    """
    source = FrameStore(inputs.source_frames)
    target = open_steady_files(inputs.target_frames, inputs.steady, framed=True)
    own, before, after = map(load_pose, (inputs.source_pose, inputs.before_pose, inputs.after_pose))
    aspect = max(source.width / source.height, target.width / target.height)
    moments = choose_moments(own, max(FEWEST, min(MOST, int(ROOM_INCHES / (CELL_INCHES * aspect)))))
    footage = [target[moment] for moment in spread(len(target), len(moments))]

    def overlaid(pose: Pose) -> list[np.ndarray]:
        return [over(frame, pose, moment) for frame, moment in zip(footage, moments, strict=True)]

    def synthesized(video: str | Path) -> list[np.ndarray]:
        return read_moments(video, moments, target.width, target.height)

    strips = [
        Strip("source", [over(source[m], own, m) for m in moments], [f"frame {m}" for m in moments]),
        Strip("not normalised, over the target", overlaid(before)),
        Strip("result, not normalised", synthesized(inputs.before_video)),
        Strip("normalised, over the target", overlaid(after)),
        Strip("result, normalised", synthesized(inputs.after_video)),
    ]
    print_strips([strips], png, pdf, CELL_INCHES)
