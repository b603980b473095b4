"""CPU time and peak memory of a target's stages for minutes of footage from a camera that moves all the time.

    PYTHONPATH=workflow_scripts:tests/unit python benchmarks/long_camera.py MINUTES [MINUTES ...] [--size 192]

In the folder of a run of the demo. brunomars' 12 seconds, before bricks that can be followed at 192 px, are
filmed by hand (pan of a fifth, zoom by 1.3, roll, shake), to and fro, and looped, each pass at another
brightness; detections move along. Each stage runs in a process of its own, which calls what its rule calls.
Prints a Markdown table and how the camera was judged.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from dancenow.camera.find import find_path_file
from dancenow.camera.path import load_path, moved_points
from dancenow.camera.scene import steady_view
from dancenow.camera.steady_frames import open_target
from dancenow.camera.view import load_view, save_view
from dancenow.files import read_json
from dancenow.keypoints import load_people, load_pose, save_people, save_pose
from dancenow.model.background import make_background
from dancenow.model.performer_masks import performer_masks
from dancenow.pictures import write_png
from dancenow.pose.masks import MaskPacker, Masks, load_masks, save_masks
from dancenow.pose.performer import track_file
from dancenow.video.frames import FrameStore, write_frames
from hand_held import centred, film_view, hand_held_maps

RESULTS, TARGET = Path("results"), "brunomars"
TRACKING = {"performer": "largest", "max_gap": 0.32, "smoothing": "gaussian", "window": 0.2}


def prepare(folder, minutes, edge):
    """Write frames, people and masks of so many minutes, `edge` px wide and high, into a folder."""
    store = FrameStore(RESULTS / f"frames/{TARGET}.avi")
    whole, size = (store.width, store.height), (edge, edge)
    once = len(store) - len(store) % 2
    forth = centred(hand_held_maps(once // 2, float(store.fps), whole), whole, whole)
    maps = np.concatenate([forth, forth[::-1]]) @ np.diag([whole[0] / edge, whole[1] / edge, 1])
    count = round(60 * minutes * store.fps)

    def frames():
        for index in range(count):
            gain = 1 + 0.1 * np.sin(index // once)
            yield film_view(store[index % once], maps[index % once], size, gain)

    facts = read_json(RESULTS / f"frames/{TARGET}.json") | {"width": edge, "height": edge, "cuts": []}
    frames_path = folder / "frames.avi"
    write_frames(frames(), str(store.fps), lambda number: facts | {"frames": number}, frames_path)
    people = load_people(RESULTS / f"poses/{TARGET}.people.npz")
    keypoints, own = people.keypoints.copy(), people.frame < once
    there = moved_points(np.linalg.inv(maps)[people.frame[own]], keypoints[own, :, :2].astype(float))
    keypoints[own, :, :2] = there
    outside = (there < 0).any(axis=2) | (there > edge - 1).any(axis=2)
    keypoints[own] = np.where((outside | (people.keypoints[own, :, 2] == 0))[..., None], 0, keypoints[own])
    passes = -(-count // once)
    frame = np.concatenate([people.frame[own] + number * once for number in range(passes)])
    kept = frame < count
    save_people(
        folder / "people.npz",
        replace(
            people, keypoints=np.concatenate([keypoints[own]] * passes)[kept], looks=None,
            frame=frame[kept].astype(np.int32), count=count, width=edge, height=edge,
        ),
    )  # fmt: skip
    found, packer = load_masks(RESULTS / f"masks/{TARGET}.found.npz"), MaskPacker(*size)
    for index in range(once):
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        packer.add(cv2.warpAffine(found[index], maps[index][:2], size, flags=flags))
    masks = packer.packed()
    ends = np.concatenate([masks.ends + number * len(masks.data) for number in range(passes)])[:count]
    save_masks(folder / "found.npz", Masks(np.concatenate([masks.data] * passes)[: ends[-1]], ends, *size))


def find_camera(folder):
    find_path_file(folder / "frames.avi", folder / "people.npz", folder / "camera.npz")


def track_performer(folder):
    names = "people.npz", "camera.npz", "frames.json", "pose.npz"
    track_file(*(folder / name for name in names), **TRACKING)


def steady_target(folder):
    pose = load_pose(folder / "pose.npz")
    view = steady_view(load_path(folder / "camera.npz"), FrameStore(folder / "frames.avi"), pose)
    save_view(folder / "steady.npz", view)
    save_pose(folder / "steady.pose.npz", view.framed().steady_pose(pose))


def opened(folder):
    return open_target(folder / "frames.avi", folder / "steady.npz", folder / "steady.pose.npz")


def mask_performer(folder):
    frames, pose, view = opened(folder)
    found = view.steady_masks(load_masks(folder / "found.npz"))
    save_masks(folder / "masks.npz", performer_masks(frames, pose, found, len(frames))[0])


def make_plate(folder):
    frames, pose, view = opened(folder)
    masks, people = load_masks(folder / "masks.npz"), view.steady_people(load_people(folder / "people.npz"))
    write_png(folder / "plate.png", make_background(frames, pose, len(frames), masks, people))


STAGES = {
    "find_camera": find_camera,
    "track_performer": track_performer,
    "steady_target": steady_target,
    "mask_performer": mask_performer,
    "make_background": make_plate,
}


def measured(stage, folder):
    """(CPU seconds, peak MB) of a stage in a process of its own."""
    job = subprocess.Popen([sys.executable, __file__, "--stage", stage, "--folder", folder])
    _, status, used = os.wait4(job.pid, 0)
    if status:
        raise SystemExit(f"{stage} failed")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="*")
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        STAGES[given.stage](given.folder)
        return
    rows = {stage: [] for stage in STAGES}
    for minutes in given.minutes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            prepare(folder, minutes, given.size)
            for stage in STAGES:
                rows[stage] += ["{:.1f} | {:.0f}".format(*measured(stage, folder))]
            path, view = load_path(folder / "camera.npz"), load_view(folder / "steady.npz")
            print(
                f"{minutes:g} min: {len(path.maps)} frames, {', '.join(path.kinds)}, "
                f"{len(view.used)} used, canvas {view.width}x{view.height}"
            )
    print("| stage | " + " | ".join(f"{m:g} min: CPU s | MB" for m in given.minutes) + " |")
    print("|---|" + "---|---|" * len(given.minutes))
    for stage, cells in rows.items():
        print(f"| {stage} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
