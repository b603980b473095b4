"""Rooms with texture, and somebody in them, for the tests of the report."""

import numpy as np
from scipy.ndimage import gaussian_filter

from clips import film
from dancenow.camera.find import find_path_file
from dancenow.keypoints import INDEX, People, save_people
from dancenow.model.background import person_mask
from dancenow.pages.report.footage import ClipFiles
from dancenow.video import media
from dancenow.video.frames import extract_frames

SIZE = 160


def scene(height=SIZE, width=SIZE, seed=3, levels=60):
    """(H, W, 3) uint8: a wall with soft blots around level 120, enough for a camera to be followed by."""
    blots = gaussian_filter(np.random.default_rng(seed).normal(size=(height, width)), 2)
    grey = np.clip(120 + levels * blots / np.abs(blots).max(), 0, 255)
    return np.repeat(grey[..., None], 3, axis=2).astype(np.uint8)


def with_person(pose, wall, seed=5):
    """(T, H, W, 3) uint8: the wall, and where the pose's person is a checked pattern that moves along."""
    height, width = wall.shape[:2]
    pattern = np.kron(np.random.default_rng(seed).integers(0, 2, (height, width)), np.ones((3, 3)))
    frames = np.repeat(wall[None], len(pose.keypoints), axis=0)
    for frame, points in zip(frames, pose.keypoints, strict=True):
        x, y = points[INDEX["left_hip"], :2].round().astype(int)
        cloth = np.roll(pattern, (y, x), axis=(0, 1))[:height, :width]
        mask = person_mask(points, width, height)
        frame[mask] = (60 + 120 * cloth[mask])[:, None]
    return frames


def clip_files(folder, name, smoothing="gaussian"):
    """The ClipFiles of what write_clip wrote below `folder`."""
    paths = (folder / f"{name}.{end}" for end in ("avi", "people.npz", "camera.npz"))
    tracking = {"max_gap": 0.32, "smoothing": smoothing, "window": 0.2, "performer": "largest"}
    return ClipFiles(name, *paths, tracking)


def write_clip(folder, name, pose, frames, **facts):
    """Film, frame store, people, camera of a clip below `folder`; returns the paths of store and people."""
    clip = film(folder / f"{name}.mp4", frames, fps=str(pose.fps))
    frames_path = folder / f"{name}.avi"
    extract_frames([clip], [media.probe(clip) | facts], max(frames.shape[1:3]), frames_path)
    people_path = folder / f"{name}.people.npz"
    count = np.arange(len(pose.keypoints), dtype=np.int32)
    some = pose.present().any(axis=1)
    people = People(
        pose.keypoints[some], count[some], len(count), pose.fps, pose.width, pose.height, "test", "sha256:0"
    )
    save_people(people_path, people)
    find_path_file(frames_path, people_path, folder / f"{name}.camera.npz")
    return frames_path, people_path
