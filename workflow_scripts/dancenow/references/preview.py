"""A first look at a transfer: the moved pieces over the background, before any training."""

import numpy as np

from dancenow.video.media import encode


def over(picture, background):
    """(H, W, 3) uint8: a premultiplied (H, W, 4) uint8 picture over a (H, W, 3) one."""
    through = 255 - picture[..., 3:].astype(np.uint16)
    return (picture[..., :3] + (background * through + 127) // 255).clip(0, 255).astype(np.uint8)


def write_preview(pose, bank, chosen, plate, video_path):
    """Write the dance as an H.264 video without sound.

    pose: the skeleton in the target's frame; bank: the target's; chosen: (T, parts) int, as from Bank.paths;
    plate: (H, W, 3) uint8.
    """
    window = 0, 0, pose.width, pose.height
    frames = (
        over(bank.picture(points, own, window), plate)
        for points, own in zip(pose.keypoints, chosen, strict=True)
    )
    encode(video_path, frames, pose.fps, pose.width, pose.height)
