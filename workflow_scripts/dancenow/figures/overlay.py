"""A clip with its performer's skeleton on top, to see in which frames the poses are wrong and why."""

import logging
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.keypoints import FEET, IMPUTED, REPAIRED, Pose, load_pose
from dancenow.pose.draw import LINE, SUBPIXEL_BITS, seen_segments, subpixels
from dancenow.video.frames import FrameStore
from dancenow.video.media import encode, mux

log = logging.getLogger(__name__)

DIMMED = 0.7  # brightness of the footage behind the skeleton
FAINTEST = 0.25  # opacity of a limb without confidence; it rises to 1 with the confidence
DOTS = {REPAIRED: (255, 230, 0), IMPUTED: (255, 0, 255)}
INK, SHADE = (255, 255, 255), (0, 0, 0)


def overlay_skeleton(
    frames_path: str | Path, pose_path: str | Path, clips: Sequence[str | Path], video_path: str | Path
) -> None:
    """Write an mp4 of the FrameStore's frames with the Pose over them and the clip's sound, if any.

    clips: paths of what the frames were taken from; of several clips the video is silent. The video has the
    frames of the FrameStore, one for one. InputError when frames and Pose differ in number.
    """
    store, pose = FrameStore(frames_path), load_pose(pose_path)
    if len(store) != len(pose.keypoints):
        raise InputError(
            f"{pose_path}: {len(pose.keypoints)} frames, but {frames_path} has {len(store)}; "
            "delete the pose file to make it again"
        )
    pictures = (draw_frame(store[index], pose, index) for index in range(len(store)))
    Path(video_path).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:  # not in results: a killed process leaves it
        silent = Path(folder) / "silent.mp4"
        count = encode(silent, pictures, store.fps, store.width, store.height)
        if len(clips) == 1:
            mux(silent, clips[0], store.facts["clips"][0], video_path)
        else:
            with atomic_path(video_path) as whole:
                shutil.copyfile(silent, whole)
    log.info("%d frames%s", count, "" if len(clips) == 1 else ", silent: they come from several clips")


def draw_frame(frame: np.ndarray, pose: Pose, index: int) -> np.ndarray:
    """One frame of a clip with its skeleton: (H, W, 3) uint8 RGB -> the same kind, a new one.

    The limbs have their colours, and show through where the confidence is low. Repaired keypoints carry
    yellow dots, imputed ones magenta dots. The frame's number stands in the corner.
    """
    picture = (frame * DIMMED).astype(np.uint8)
    keypoints, origin = pose.keypoints[index], pose.origin[index]
    line = max(1, round(pose.height * LINE))
    drawn, opacity = picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    places = subpixels(keypoints[:, :2], pose.width)
    for a, b, colour, wide in seen_segments(keypoints, line):
        cv2.line(drawn, places[a], places[b], colour, wide, cv2.LINE_AA, SUBPIXEL_BITS)
        sure = FAINTEST + (1 - FAINTEST) * float(min(keypoints[a, 2], keypoints[b, 2]))
        cv2.line(opacity, places[a], places[b], round(255 * sure), wide + 2, cv2.LINE_8, SUBPIXEL_BITS)
    share = opacity[..., None] / 255
    picture = np.rint(share * drawn + (1 - share) * picture).astype(np.uint8)
    for kind, colour in DOTS.items():
        for point in np.flatnonzero(origin == kind):
            radius = line if point < FEET.stop else max(1, line // 2)
            radius <<= SUBPIXEL_BITS
            cv2.circle(picture, places[point], radius, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    _write(picture, f"{index}", INK, 1)
    for row, (name, kind) in enumerate((("repaired", REPAIRED), ("imputed", IMPUTED)), 2):
        if count := (origin == kind).sum():
            _write(picture, f"{name} {count}", DOTS[kind], row)
    return picture


def _write(picture: np.ndarray, text: str, colour: tuple[int, int, int], row: int) -> None:
    """Write a line of text into the top left corner, rows counted from 1; in place."""
    scale = max(min(picture.shape[:2]) / 720, 0.45)
    place = round(10 * scale), round(28 * scale * row)
    for ink, thick in ((SHADE, 4), (colour, 1)):
        cv2.putText(
            picture,
            text,
            place,
            cv2.FONT_HERSHEY_SIMPLEX,
            scale,
            ink,
            max(1, round(thick * scale)),
            cv2.LINE_AA,
        )
