"""The effect of normalisation on a transfer: skeletons over the target's footage, and both results."""

from pathlib import Path

import numpy as np

from dancenow.camera.steady_frames import open_steady_files
from dancenow.evenly import spread
from dancenow.figures.moments import read_moments
from dancenow.figures.normalization_figure import choose_moments
from dancenow.figures.strips import PICTURES_INCHES, Strip, print_strips
from dancenow.keypoints import Pose, load_pose
from dancenow.pose.draw import draw_over
from dancenow.video.frames import FrameStore

FEWEST, MOST = 3, 6
CELL_INCHES = 1.25  # high
FOOTAGE_BRIGHTNESS = 0.5  # under the skeletons

Files = tuple[str | Path, str | Path]


def plot_placing(
    source: Files,
    target: tuple[str | Path, str | Path | None],
    before: Files,
    after: Files,
    png: str | Path,
    pdf: str | Path,
) -> None:
    """Five rows: the source, then skeleton and result without and with normalisation; writes a PNG and a PDF.

    source: its FrameStore and Pose; target: its FrameStore and steady view; before, after: the letterboxed
    and the normalised Pose, and the video of each. The moments are those of normalization_figure, the
    furthest and the closest place among them; the target's frames are spread over its clip.
    """
    dance, scene = FrameStore(source[0]), open_steady_files(*target, framed=True)
    own, letterboxed, normalised = map(load_pose, (source[1], before[0], after[0]))
    aspect = max(dance.width / dance.height, scene.width / scene.height)
    moments = choose_moments(own, max(FEWEST, min(MOST, int(PICTURES_INCHES / (CELL_INCHES * aspect)))))
    footage = [scene[moment] for moment in spread(len(scene), len(moments))]

    def over(picture: np.ndarray, pose: Pose, moment: int) -> np.ndarray:
        return draw_over(picture, pose.keypoints[moment], FOOTAGE_BRIGHTNESS)

    def overlaid(pose: Pose) -> list[np.ndarray]:
        return [over(frame, pose, moment) for frame, moment in zip(footage, moments, strict=True)]

    def synthesized(video: str | Path) -> list[np.ndarray]:
        return read_moments(video, moments, scene.width, scene.height)

    strips = [
        Strip("source", [over(dance[m], own, m) for m in moments], [f"frame {m}" for m in moments]),
        Strip("not normalised, over the target", overlaid(letterboxed)),
        Strip("result, not normalised", synthesized(before[1])),
        Strip("normalised, over the target", overlaid(normalised)),
        Strip("result, normalised", synthesized(after[1])),
    ]
    print_strips([strips], png, pdf, CELL_INCHES)
