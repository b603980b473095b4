"""The camera's path and the normalised pose of hand-held footage, against the truth.

PYTHONPATH=workflow_scripts:tests/unit python benchmarks/camera_truth.py SUBJECT [--target NAME] [--frames N]

Needs the run's results/frames, results/poses and results/normalization of both. A hand-held camera (shake, a
pan over a fifth, a zoom of 1.3, 2 degrees of roll, drifting exposure) is cut out of the subject's frames,
which a tripod filmed; keypoints move with it, so that the detector's own errors do not count. Prints the
path's error in px of the working size, how fast it was found, and how far the normalised figure lies from
that of the tripod, in shares of its height, with the path and without one.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from dancenow.camera.find import find_path
from dancenow.camera.path import moved_points, still_path
from dancenow.files import read_json
from dancenow.keypoints import load_people, load_pose
from dancenow.pose.shot_statistics import in_scene, measure_shots, transfer_shots
from dancenow.video.frames import FrameStore
from hand_held import centred, film_view, hand_held_maps, path_error

EXPOSURE = 0.12  # share by which the views get brighter and darker


class HandHeld:
    """The frames of a FrameStore as the hand-held camera shows them."""

    def __init__(self, store, maps):
        self.store, self.maps = store, maps
        self.gains = 1 + EXPOSURE * np.sin(np.linspace(0, 5, len(maps)))
        self.seconds = 0.0  # spent in making them

    def __getitem__(self, index):
        begun = time.perf_counter()
        view = film_view(
            self.store[index], self.maps[index], (self.store.width, self.store.height), self.gains[index]
        )
        self.seconds += time.perf_counter() - begun
        return view


def moved_into(maps, keypoints):
    moved = keypoints.copy()
    there = moved_points(np.linalg.inv(maps), keypoints[..., :2].astype(float))
    moved[..., :2] = np.where(keypoints[..., 2:] > 0, there, 0)
    return moved


def figure_error(pose, expected, height):
    """RMS over keypoints; where the whole figure stands is the usual framing's choice, and not counted."""
    way = (pose.keypoints - expected.keypoints)[..., :2]
    seen = expected.present() & pose.present()
    way = way - np.median(way[seen], axis=0)
    return float(np.sqrt((way[seen] ** 2).sum(axis=1).mean())) / height


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subject")
    parser.add_argument("--target", default="alice")
    parser.add_argument("--frames", type=int, default=300)
    given = parser.parse_args()
    results = Path("results")
    store = FrameStore(results / f"frames/{given.subject}.avi")
    pose, people = (load(results / f"poses/{given.subject}.{end}") for load, end in
                    ((load_pose, "npz"), (load_people, "people.npz")))  # fmt: skip
    count, size = min(given.frames, len(store)), (store.width, store.height)
    pose = pose.replace(keypoints=pose.keypoints[:count], origin=pose.origin[:count])
    rows = people.frame < count
    maps = centred(hand_held_maps(count, float(store.fps), size), size, size)
    held = replace(
        people, keypoints=moved_into(maps[people.frame[rows]], people.keypoints[rows]),
        frame=people.frame[rows], count=count, looks=None,
    )  # fmt: skip
    frames, begun = HandHeld(store, maps), time.perf_counter()
    path = find_path(frames, held, [])
    seconds = time.perf_counter() - begun - frames.seconds
    errors = path_error(path.maps, maps, size)
    print(f"{given.subject}, {count} frames of {size[0]}x{size[1]}: {', '.join(path.kinds)}")
    print(f"path: {np.sqrt((errors**2).mean()):.3f} px RMS, {errors.max():.3f} at most")
    print(f"speed: {count / seconds:.0f} frames a second, one thread")
    target = load_pose(results / f"poses/{given.target}.npz")
    statistics = read_json(results / f"normalization/{given.target}.json")
    still, view = still_path(count, *size), pose.replace(keypoints=moved_into(maps, pose.keypoints))
    placed = [
        transfer_shots(in_scene(source, own), measure_shots(source, own), target, statistics)
        for source, own in ((pose, still), (view, path), (view, still))
    ]
    for name, result in zip(("with the path", "without"), placed[1:], strict=True):
        share = figure_error(result, placed[0], statistics["h_close"])
        print(f"normalised pose, {name}: {share:.2%} of the height")


if __name__ == "__main__":
    main()
