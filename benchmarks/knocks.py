"""A camera that is knocked, tapped, lifted, or whipped from one framing to another, against the truth.

PYTHONPATH=workflow_scripts:tests/unit python benchmarks/knocks.py SUBJECT [MOVEMENT ...] [--target NAME]

Needs the run's results/frames and results/poses of both; the subject's was filmed from a tripod. Its frames
are filmed anew with each movement, blurred over half of a frame's time, and keypoints move with the picture.
Prints what the path says, and how far the normalised figure lies from the tripod's, in shares of its height:
in calm frames, and in those within four frames of more than 12 px of movement.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from camera_truth import placed, seen_by
from dancenow.camera.find import find_path
from dancenow.keypoints import BODY, load_people, load_pose
from dancenow.pose.performer import track_performer
from dancenow.pose.shot_statistics import measure_shots
from dancenow.video.frames import FrameStore
from tripod import still_path

SHARE = 1 / 1.2  # of the picture's edges that a view shows
VIOLENT, NEAR = 12, 4  # px a frame; frames
SHUTTER, FINEST, MOST = 0.5, 1.5, 24  # of a frame's time; px between two exposures; exposures


def smooth(share):
    share = np.clip(share, 0, 1)
    return share * share * (3 - 2 * share)


def movements(count):
    """{name: frame -> (scale, roll in radians, px to the right, px down) of the view}"""
    half = count // 2

    def lifted(at):
        away = max(0, 12 - at, at - (count - 13)) / 12
        return SHARE, 0.6 * away**2, 140 * away**2, -90 * away**2

    def knocked(at, scale=1.08, roll=0.05, right=45, down=-20):
        there, hit, since = smooth((at - half + 3) / 8), np.exp(-(((at - half) / 3) ** 2)), at - half + 5
        wave = np.sin(1.3 * since)
        return (
            SHARE * (1 + (scale - 1) * there), roll * there + 0.35 * hit * wave,
            right * there + 120 * hit * np.sin(1.1 * since + 1), down * there - 90 * hit * wave,
        )  # fmt: skip

    def whipped(at, way, frames):
        place = way * (smooth((at - half) / frames) - 0.5)
        return SHARE, 0.02 * np.sin(at / 9), place + 3 * np.sin(at / 7), 2 * np.sin(at / 5)

    return {
        "lifted": lifted,
        "knocked": knocked,
        "knocked-back": lambda at: knocked(at, 1, 0, 0, 0),
        "whipped": lambda at: whipped(at, 160, 5),
        "whipped-far": lambda at: whipped(at, 330, 6),
        "tapped": lambda at: (SHARE, 0, 40 * np.exp(-(((at - half) / 1.2) ** 2)), 0),
    }


def view_map(size, scale, roll, right, down):
    middle = np.array(size) / 2
    linear = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    return np.vstack([np.column_stack([linear, middle - linear @ middle + [right, down]]), [0, 0, 1]])


def blurred(picture, movement, at, size, border):
    """What the moving camera shows of a picture with a border around it."""
    ends = [np.array(movement(at + way)) for way in (-SHUTTER / 2, SHUTTER / 2)]
    count = int(np.clip(np.abs(ends[1] - ends[0]) @ [200, 200, 1, 1] / FINEST, 1, MOST))
    out, total = np.array([[1, 0, border], [0, 1, border], [0, 0, 1]], float), 0.0
    for share in (np.arange(count) + 0.5) / count:
        there = out @ view_map(size, *((1 - share) * ends[0] + share * ends[1]))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        total = total + cv2.warpAffine(picture, there[:2], size, flags=flags).astype(np.float32)
    return np.clip(total / count, 0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subject")
    parser.add_argument("movement", nargs="*")
    parser.add_argument("--target", default="alice")
    parser.add_argument("--frames", type=int, default=300)
    given = parser.parse_args()
    results = Path("results")
    store = FrameStore(results / f"frames/{given.subject}.avi")
    everyone = load_people(results / f"poses/{given.subject}.people.npz")
    size, count = (store.width, store.height), min(given.frames, len(store))
    rows = everyone.frame < count
    people = replace(everyone, keypoints=everyone.keypoints[rows], frame=everyone.frame[rows], count=count,
                     looks=None)  # fmt: skip
    frames, border = [store[index] for index in range(count)], max(size) // 2
    scene = np.median(np.stack(frames[:: max(1, count // 25)]), axis=0).astype(np.uint8)
    scene = cv2.copyMakeBorder(scene, *[border] * 4, cv2.BORDER_REFLECT)
    target = load_pose(results / f"poses/{given.target}.steady.npz")
    statistics = measure_shots(target, still_path(len(target.keypoints), target.width, target.height))

    def figure(found, path):
        pose = track_performer(found, 0.32, "median", 0.2, camera=path)
        return placed(pose, path, target, statistics).keypoints[:, BODY]

    expected = figure(people, still_path(count, *size))
    for name, movement in movements(count).items():
        if given.movement and name not in given.movement:
            continue
        maps = np.array([view_map(size, *movement(at)) for at in range(count)])
        steps = np.linalg.inv(maps[:-1]) @ maps[1:] - np.eye(3)
        fast = np.linalg.norm((steps @ [*np.array(size) / 2, 1])[:, :2], axis=1) > VIOLENT
        near = np.convolve(np.append(fast, False), np.ones(2 * NEAR + 1), "same") > 0
        views = []
        for at, frame in enumerate(frames):
            scene[border : border + size[1], border : border + size[0]] = frame
            views.append(blurred(scene, movement, at, size, border))
        there = seen_by(maps[people.frame], people.keypoints, size)
        held = replace(people, keypoints=there)
        path = find_path(views, held, [])
        found = figure(held, path)
        both = (found[..., 2] > 0) & (expected[..., 2] > 0)
        way = (found - expected)[..., :2]
        way -= np.median(way[both & ~near[:, None]], axis=0)
        far = np.where(both, np.linalg.norm(way, axis=2), np.nan)[both.any(axis=1)] / statistics["h_close"]
        far, near = np.nanmean(far, axis=1), near[both.any(axis=1)]
        print(
            f"{name}: {', '.join(path.kinds)}, {(path.sure == 0).sum()} frames lost; calm "
            f"{far[~near].mean():.2%} (at most {far[~near].max():.2%}), violent {far[near].mean():.2%} "
            f"({far[near].max():.2%})"
        )


if __name__ == "__main__":
    main()
