"""Whether the camera stands still, from what moves outside the person."""

import cv2
import numpy as np

from dancenow.keypoints import boxes
from dancenow.pages.report.appearance import sample_frames

STEP_SECONDS = 0.2  # between the two frames of a step: long enough for a slow pan to show
SAMPLES = 120  # steps, at most
CORNERS = 200  # followed from frame to frame
LEAST_CORNERS = 10  # that agree; fewer tell nothing
ROOM_AROUND = 0.15  # of the person's box is left out on each side: hair, clothes, hands
RANSAC_PIXELS = 1.0  # px of RANSAC
KEY_REACH = 8.0  # px that the picture's corners move before another sample is the one to measure from
BACK = 0.5  # px: a corner that is followed forth and back must come home


def camera_motion(frames, pose, fps):
    """How the picture outside the person moves over a clip.

    frames: sequence of (H, W, 3) uint8 RGB; pose: Pose or None; fps: frames per second. Corners outside the
    person's box are followed from sample to sample (Lucas-Kanade, forth and back) and a similarity is fitted
    to them (RANSAC), so other people who move do not count as long as the room's corners are the majority.
    Returns a dict: frame (S,) int; shift (S, 2) px, where the picture's centre has gone since the first
    sample; zoom (S,), its scale; step (S - 1,) px, mean way of the picture's corners from one sample to the
    next, NaN where too few points agree; corners (S - 1,) int, how many agreed. Where a step is not known,
    the camera counts as still in shift and zoom.
    """
    # a short clip is followed without a break; a long one in steps that are further apart
    every = max(1, round(STEP_SECONDS * float(fps)))
    chosen = sample_frames(len(frames), min(SAMPLES, (len(frames) - 1) // every + 1))
    total = np.eye(3)
    shifts, zooms, steps, agreed = [(0.0, 0.0)], [1.0], [], []
    before = cv2.cvtColor(frames[int(chosen[0])], cv2.COLOR_RGB2GRAY)
    # moves are measured from a key sample as long as it shows, not from each sample to the next: over a long
    # clip of a tripod the errors would add up to a journey
    key, key_index, key_total = before, int(chosen[0]), total
    height, width = before.shape
    edges = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], float).T
    middle = np.array([width / 2, height / 2, 1])
    for last, index in zip(chosen[:-1].tolist(), chosen[1:].tolist(), strict=True):
        after = cv2.cvtColor(frames[index], cv2.COLOR_RGB2GRAY)
        move, count = _similarity(key, after, _outside(pose, key_index, width, height))
        if move is None or not _near(move, edges):
            key, key_index, key_total = before, last, total
            move, count = _similarity(key, after, _outside(pose, last, width, height))
        agreed.append(count)
        if move is None:
            steps.append(np.nan)
        else:
            now = np.vstack([move, [0, 0, 1]]) @ key_total
            step = (now @ np.linalg.inv(total))[:2]
            steps.append(float(np.linalg.norm(step @ edges - edges[:2], axis=0).mean()))
            total = now
        shifts.append(((total @ middle)[:2] - middle[:2]).tolist())
        zooms.append(float(np.hypot(total[0, 0], total[1, 0])))
        before = after
    return {
        "frame": chosen,
        "shift": np.array(shifts),
        "zoom": np.array(zooms),
        "step": np.array(steps),
        "corners": np.array(agreed, int),
    }


def _near(move, edges):
    """Whether a (2, 3) move takes the picture's corners (3, 4) no farther than KEY_REACH."""
    return np.linalg.norm(move @ edges - edges[:2], axis=0).max() < KEY_REACH


def _outside(pose, index, width, height):
    """(H, W) uint8 mask, 255 outside the person's box and some room around it."""
    mask = np.full((height, width), 255, np.uint8)
    box = boxes(pose.keypoints[index]) if pose is not None else np.full(4, np.nan)
    if np.isfinite(box).all():
        margin = ROOM_AROUND * (box[2:] - box[:2]).max()
        low = np.clip(box[:2] - margin, 0, (width, height)).astype(int)
        high = np.clip(box[2:] + margin, 0, (width, height)).astype(int)
        mask[low[1] : high[1], low[0] : high[0]] = 0
    return mask


def _similarity(before, after, mask):
    """((2, 3) float64 or None, points that agree): how the masked part of a picture moved to the next."""
    points = cv2.goodFeaturesToTrack(before, CORNERS, 0.01, 7, mask=mask)
    if points is None or len(points) < LEAST_CORNERS:
        return None, 0
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None)
    back, returned, _ = cv2.calcOpticalFlowPyrLK(after, before, there, None)
    home = np.linalg.norm(back - points, axis=-1)[:, 0] < BACK
    good = home & (found[:, 0] == 1) & (returned[:, 0] == 1)
    if good.sum() < LEAST_CORNERS:
        return None, int(good.sum())
    cv2.setRNGSeed(0)  # RANSAC draws from it; the same clip must give the same report
    move, inliers = cv2.estimateAffinePartial2D(
        points[good], there[good], method=cv2.RANSAC, ransacReprojThreshold=RANSAC_PIXELS
    )
    count = 0 if inliers is None else int(inliers.sum())
    return (move, count) if move is not None and count >= LEAST_CORNERS else (None, count)
