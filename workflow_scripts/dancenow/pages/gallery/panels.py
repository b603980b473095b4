"""The two videos beside a result: the source's frames and the driving pose."""

import logging
from pathlib import Path

from dancenow.keypoints import load_pose
from dancenow.pose.draw import draw_pose
from dancenow.video.frames import FrameStore
from dancenow.video.media import encode

log = logging.getLogger(__name__)


def film_source(frames_path: str | Path, video_path: str | Path) -> None:
    """Write the frames of a FrameStore as an H.264 mp4, one for one, without sound.

    The clip itself cannot be used: it may have another codec, rate, size and length.
    """
    store = FrameStore(frames_path)
    count = encode(video_path, iter(store), store.fps, store.width, store.height)
    log.info("%d frames of %d x %d px", count, store.width, store.height)


def film_skeleton(pose_path: str | Path, video_path: str | Path) -> None:
    """Write the skeletons of a Pose, as the generator sees them, as an H.264 mp4, one frame for each."""
    pose = load_pose(pose_path)
    pictures = (draw_pose(pose, index) for index in range(len(pose.keypoints)))
    count = encode(video_path, pictures, pose.fps, pose.width, pose.height)
    log.info("%d frames of %d x %d px", count, pose.width, pose.height)
