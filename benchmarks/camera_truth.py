"""The camera's path and the normalised pose of footage that is hand-held or cut, against the truth.

PYTHONPATH=workflow_scripts:tests/unit python benchmarks/camera_truth.py SUBJECT [--target NAME] [--cuts]

Needs the run's results/frames, results/poses and results/normalization of both. A hand-held camera (shake,
a pan over a fifth, a zoom of 1.3, 2 degrees of roll, drifting exposure) is cut out of the subject's frames,
which a tripod filmed; with --cuts instead punch-ins of 1.3 and 1.6 times. Keypoints move with it, so that
the detector's own errors do not count; what punch-ins do not show is missing. Prints the path's error in px
of the working size, how fast it was found, and how far the seen part of the normalised figure lies from
that of the tripod, in shares of its height: with the path, with the true one (the rest comes of what views
cut off), with every cut taken for a new scene, and without any of it.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from dancenow.camera.find import find_path
from dancenow.camera.path import MOVING, CameraPath, moved_points
from dancenow.errors import InputError
from dancenow.files import read_json
from dancenow.keypoints import IMPUTED, load_people, load_pose
from dancenow.pose.shot_statistics import measure_shots, transfer_clip
from dancenow.video.frames import FrameStore
from hand_held import centred, film_view, hand_held_maps, path_error
from tripod import still_path

EXPOSURE = 0.12  # share by which the views get brighter and darker


class Filmed:
    """The frames of a FrameStore as another camera shows them, brighter and darker by `exposure`."""

    def __init__(self, store, maps, exposure):
        self.store, self.maps = store, maps
        self.gains = 1 + exposure * np.sin(np.linspace(0, 5, len(maps)))
        self.seconds = 0.0  # spent in making them

    def __getitem__(self, index):
        begun = time.perf_counter()
        view = film_view(
            self.store[index], self.maps[index], (self.store.width, self.store.height), self.gains[index]
        )
        self.seconds += time.perf_counter() - begun
        return view


# in shares of the clip where each framing begins; how much larger it shows things; its middle in the picture
PUNCH_INS = (
    (0.0, 1.0, 0.5, 0.5),
    (0.2, 1.3, 0.5, 0.52),
    (0.4, 1.0, 0.5, 0.5),
    (0.6, 1.6, 0.5, 0.6),
    (0.8, 1.0, 0.5, 0.5),
)


def punch_ins(count, size):
    """(T, 3, 3) maps from px of cut frames to px of the tripod's, and the cuts."""
    maps, cuts = np.tile(np.eye(3), (count, 1, 1)), []
    for start, zoom, *middle in PUNCH_INS:
        first = round(start * count)
        cuts += [first] if first else []
        corner = (np.array(middle) - 0.5 / zoom) * (np.array(size) - 1)
        corner = np.clip(corner, 0, (1 - 1 / zoom) * (np.array(size) - 1))
        maps[first:] = [[1 / zoom, 0, corner[0]], [0, 1 / zoom, corner[1]], [0, 0, 1]]
    return maps, cuts


def seen_by(maps, keypoints, size=None):
    """(T, 133, 3) keypoints of the tripod's frames in those of a camera with these maps; with its size in px,
    without what it does not show."""
    moved, there = keypoints.copy(), moved_points(np.linalg.inv(maps), keypoints[..., :2].astype(float))
    moved[..., :2] = there
    missing = keypoints[..., 2] == 0
    if size is not None:
        missing |= (there < 0).any(axis=2) | (there > np.array(size) - 1).any(axis=2)
    moved[missing] = 0
    return moved


def figure_error(pose, expected, height):
    """RMS over keypoints; where the whole figure stands is the usual framing's choice, and not counted."""
    way = (pose.keypoints - expected.keypoints)[..., :2]
    seen = expected.present() & pose.present() & (pose.origin != IMPUTED)
    way = way - np.median(way[seen], axis=0)
    return float(np.sqrt((way[seen] ** 2).sum(axis=1).mean())) / height


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subject")
    parser.add_argument("--target", default="alice")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--cuts", action="store_true")
    given = parser.parse_args()
    results = Path("results")
    store = FrameStore(results / f"frames/{given.subject}.avi")
    pose, people = (load(results / f"poses/{given.subject}.{end}") for load, end in
                    ((load_pose, "npz"), (load_people, "people.npz")))  # fmt: skip
    count, size = min(given.frames, len(store)), (store.width, store.height)
    pose = pose.part(slice(count))
    rows, shown = people.frame < count, size if given.cuts else None
    if given.cuts:
        maps, cuts = punch_ins(count, size)
    else:
        maps, cuts = centred(hand_held_maps(count, float(store.fps), size), size, size), []
    held = replace(
        people, keypoints=seen_by(maps[people.frame[rows]], people.keypoints[rows], shown),
        frame=people.frame[rows], count=count, looks=None,
    )  # fmt: skip
    frames, begun = Filmed(store, maps, 0.0 if given.cuts else EXPOSURE), time.perf_counter()
    path = find_path(frames, held, cuts)
    seconds = time.perf_counter() - begun - frames.seconds
    errors = path_error(path.maps, maps, size)
    print(
        f"{given.subject}, {count} frames of {size[0]}x{size[1]}: {', '.join(path.kinds)}, {len(cuts)} cuts"
    )
    print(f"path: {np.sqrt((errors**2).mean()):.3f} px RMS, {errors.max():.3f} at most")
    print(f"speed: {count / seconds:.0f} frames a second, one thread")
    statistics = read_json(results / f"normalization/{given.target}.json")
    still = still_path(count, *size)
    view = pose.replace(keypoints=seen_by(maps, pose.keypoints, shown))
    true = CameraPath(maps, path.sure, still.shot, (MOVING,), still.extents, *size)
    ways = {
        "with the path": (view, path),
        "with the true path": (view, true),
        "with every cut a new scene": (view, cut_path(still, cuts)),
        "without": (view, still),
    }
    expected = placed(pose, still, statistics)
    for name, (source, own) in ways.items():
        try:
            share = figure_error(placed(source, own, statistics), expected, statistics["h_close"])
            print(f"normalised pose, {name}: {share:.2%} of the height")
        except InputError as error:
            print(f"normalised pose, {name}: {error}")


def placed(source, path, statistics):
    return transfer_clip(source, path, measure_shots(source, path), statistics).pose


def cut_path(still, cuts):
    """A still path with these cuts."""
    shot = np.searchsorted(cuts, np.arange(len(still.maps)), side="right")
    shots = len(cuts) + 1
    return replace(
        still,
        shot=shot,
        kinds=still.kinds * shots,
        extents=np.repeat(still.extents, shots, axis=0),
        scenes=(),
    )


if __name__ == "__main__":
    main()
