"""A performer who is drawn part by part, so that a test can say where each pixel came from."""

import cv2
import numpy as np

from dancenow.keypoints import COUNT, INDEX, LEFT_HAND, RIGHT_HAND
from dancenow.references.body_parts import PARTS, Figure, distances, enlarged
from performers import performer

COLOURS = {
    part: (40 + 18 * number, 250 - 20 * number, 30 * (number % 8)) for number, part in enumerate(PARTS)
}
WALL = 90
STEP = 2


def dancer(count=40, tall=150.0, width=256, height=192):
    """A Pose with hands: a figure that walks to and fro, moves its arms, and shows its back at the end."""
    pose = performer(count, width, height, tall=tall)
    keypoints = pose.keypoints.copy()
    for frame in range(count):
        points = keypoints[frame]
        points[points[:, 2] > 0, 0] += 20 * np.sin(frame / 7)
        points[points[:, 2] > 0, 1] -= 8
        for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
            elbow, wrist = points[INDEX[f"{side}_elbow"], :2], points[INDEX[f"{side}_wrist"], :2]
            along = (wrist - elbow) / np.hypot(*(wrist - elbow))
            for number, index in enumerate(range(COUNT)[part]):
                finger, joint = divmod(max(number - 1, 0), 4)
                aside = np.array([-along[1], along[0]]) * (finger - 2) * 0.012 * tall
                points[index] = (*(wrist + along * (joint + 1) * 0.012 * tall + aside), 0.9)
        if frame >= count * 3 // 4:
            keypoints[frame] = _turned(points)
    return pose.replace(keypoints=keypoints, origin=(keypoints[..., 2] > 0).astype(np.uint8))


def _turned(points):
    """The back: left and right change their sides of the picture."""
    points = points.copy()
    seen = points[:, 2] > 0
    middle = points[[INDEX["left_hip"], INDEX["right_hip"]], 0].mean()
    points[seen, 0] = 2 * middle - points[seen, 0]
    return points


def part_map(points, window, unit):
    """(h, w) int: the number of the part at each pixel, -1 for none."""
    away = distances(Figure(points, unit), window, STEP)
    fine = np.stack([enlarged(each, STEP, *window[2:]) for each in away])
    return np.where(fine.min(axis=0) < 1.5, fine.argmin(axis=0), -1)


def drawn(pose, unit):
    """Frames (T, H, W, 3) uint8 and masks (T, H, W) uint8 of the figure, each part in its colour."""
    window = 0, 0, pose.width, pose.height
    frames = np.full((len(pose.keypoints), pose.height, pose.width, 3), WALL, np.uint8)
    masks = np.zeros(frames.shape[:3], np.uint8)
    for frame, mask, points in zip(frames, masks, pose.keypoints, strict=True):
        parts = part_map(points, window, unit)
        for number, part in enumerate(PARTS):
            frame[parts == number] = COLOURS[part]
        mask[parts >= 0] = 255
        mask[:] = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    return frames, masks
