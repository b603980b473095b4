"""A video of what the normalisation does: the source's skeleton over the target's footage, before and
after."""

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.steady_frames import SteadyFrames, open_steady_files
from dancenow.errors import refuse_mixed
from dancenow.keypoints import Pose, load_pose
from dancenow.pose.draw import draw_skeleton
from dancenow.pose.normalize import outside_share
from dancenow.video import media
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)

DIM = 0.7  # brightness of the footage under the skeletons
LETTERS = 1 / 26  # height of the words, as a share of the picture's; 22 of them must fit across it


def footage_frame(index: int, fps: Fraction | float, footage_fps: Fraction | float, count: int) -> int:
    """Which of `count` frames of footage is on at frame `index` of a dance; it runs forth and back, in
    time."""
    place = int(index * float(footage_fps) / float(fps))
    turn = place % max(1, 2 * count - 2)
    return min(turn, max(0, 2 * count - 2 - turn)) if count > 1 else 0


def overlay_frames(source: Pose, pose: Pose, footage: FrameStore | SteadyFrames) -> Iterator[np.ndarray]:
    """Yield (H, 2 W, 3) uint8 RGB, one per frame of the source: as filmed on the left, normalised on the
    right.

    source, pose: the Pose before and after the normalisation; footage: the target's FrameStore, W x H px. On
    the left the source's pixels are used as the target's, as without normalisation.
    """
    for index, (before, after) in enumerate(zip(source.keypoints, pose.keypoints, strict=True)):
        number = footage_frame(index, pose.fps, footage.fps, len(footage))
        dark = (footage[number] * DIM).astype(np.uint8)
        halves = []
        for keypoints, words in ((before, "as filmed"), (after, "normalised")):
            half = draw_skeleton(keypoints, footage.width, footage.height, onto=dark.copy())
            halves.append(_lettered(half, f"{words}, frame {index}"))
        yield np.hstack(halves)


def overlay_normalization(
    source_pose_path: str | Path,
    pose_path: str | Path,
    target_frames_path: str | Path,
    video_path: str | Path,
    steady_path: str | Path | None = None,
) -> None:
    """Write overlay_frames of the files as an mp4 at the source's rate, with one frame for each of the
    source's."""
    source, pose = load_pose(source_pose_path), load_pose(pose_path)
    lengths = {path: f"{len(one.keypoints)} frames" for path, one in
               ((source_pose_path, source), (pose_path, pose))}  # fmt: skip
    refuse_mixed(lengths)
    footage = open_steady_files(target_frames_path, steady_path, framed=True)
    frames = overlay_frames(source, pose, footage)
    count = media.encode(video_path, frames, pose.fps, 2 * footage.width, footage.height)
    log.info(
        "%d frames of %s over %s; %.1f %% of the normalised body is outside the frame",
        count,
        Path(source_pose_path).stem,
        Path(target_frames_path).stem,
        100 * outside_share(pose),
    )


def _lettered(picture: np.ndarray, words: str) -> np.ndarray:
    """The picture with words in its top left corner, written into it."""
    tall = max(4, round(min(picture.shape[0] * LETTERS, picture.shape[1] / 22)))
    scale = cv2.getFontScaleFromHeight(cv2.FONT_HERSHEY_SIMPLEX, tall)
    place = (tall // 2, 2 * tall)
    for colour, wide in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, wide, cv2.LINE_AA)
    return picture
