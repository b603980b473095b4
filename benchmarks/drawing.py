"""Frames per second of drawing a skeleton on the fly, against reading it from stored label images.

python benchmarks/drawing.py [poses.npz]  default: the rendered demo figure's pose, results/poses/alice.npz
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2

from dancenow.keypoints import load_pose
from dancenow.pose.draw import draw_skeleton

FRAMES = 200


def seconds_each(action, count):
    """Median seconds of action(0) ... action(count - 1)."""
    times = []
    for index in range(count):
        began = time.perf_counter()
        action(index)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main():
    cv2.setNumThreads(1)
    pose = load_pose(sys.argv[1] if len(sys.argv) > 1 else "results/poses/alice.npz")
    keypoints = pose.keypoints[:FRAMES]
    with tempfile.TemporaryDirectory() as folder:
        stored = 0
        for index, points in enumerate(keypoints):
            path = f"{folder}/{index}.png"
            cv2.imwrite(path, draw_skeleton(points, pose.width, pose.height))
            stored += Path(path).stat().st_size
        drawn = seconds_each(lambda i: draw_skeleton(keypoints[i], pose.width, pose.height), len(keypoints))
        read = seconds_each(lambda i: cv2.imread(f"{folder}/{i}.png"), len(keypoints))
    print(f"| {pose.width}x{pose.height}, one core | frames/s | kB per frame on disk |\n|---|---|---|")
    print(f"| drawn on the fly | {1 / drawn:.0f} | 0 |")
    print(f"| stored PNG labels | {1 / read:.0f} | {stored / len(keypoints) / 1000:.0f} |")


if __name__ == "__main__":
    main()
