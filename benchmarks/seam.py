"""What a seam between two chunks changes, by overlap, against the unsplit run, the motion and the encoder.

python benchmarks/seam.py PAIR [RESULTS [FRAMES]]  e.g. alice_as_brunomars; RESULTS: the folder of a finished
run, default results; FRAMES: only so many from the start, default all. A generator that is shown references
takes those that the run has chosen for the pair.

The clip is synthesized once without a break, and once more from each of SEAMS places, with nothing to go on
from. The k-th frame after such a place is what a chunk with an overlap of k shows first. All numbers are of
the box around the person, in 8-bit levels. Prints two Markdown tables.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import numpy as np

from dancenow.evaluation.metrics import person_box, ssim_in_box
from dancenow.files import read_json
from dancenow.keypoints import load_pose
from dancenow.references.files import chosen_references
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from dancenow.video import media

OVERLAPS = (0, 1, 2, 4, 8, 16)
SEAMS = 6
AFTER = 8  # frames behind the seam that are looked at as well
EVERY = 4  # of so many frames one is looked at for the yardsticks


def difference(image, truth, box):
    """Of two (H, W, 3) uint8 in the box: mean absolute, largest, mean squared difference, and SSIM."""
    x0, y0, x1, y1 = box
    apart = np.abs(image[y0:y1, x0:x1].astype(int) - truth[y0:y1, x0:x1])
    return np.array([apart.mean(), apart.max(), (apart**2).mean(), ssim_in_box(image, truth, box)])


def summary(values):
    """PSNR (dB) of the mean squared error, mean, largest and SSIM of (N, 4) differences, as table cells."""
    mean, _, squared, ssim = values.mean(axis=0)
    psnr = 10 * np.log10(255**2 / squared) if squared else np.inf
    return f"{psnr:.1f} | {mean:.3f} | {values[:, 1].max():.0f} | {ssim:.4f}"


def encoded(frames, pose):
    """The frames as the finished video shows them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "video.mp4"
        media.encode(path, frames, pose.fps, pose.width, pose.height)
        return list(media.decode(path, media.probe(path), pose.width, pose.height))


def print_yardsticks(frames, boxes, pose):
    """What the encoder changes, and what changes from frame to frame by itself."""
    shown = encoded(frames, pose)
    rows = {
        "the encoder: the video against the synthesized frames": lambda i: (shown[i], frames[i]),
        "motion: a frame against the one before": lambda i: (frames[i], frames[i - 1]),
        "flicker and bends: a frame against the mean of its neighbours": lambda i: (
            frames[i],
            cv2.addWeighted(frames[i - 1], 0.5, frames[i + 1], 0.5, 0),
        ),
    }
    print("| yardstick | PSNR, dB | mean | largest | SSIM |\n|---|---|---|---|---|")
    for name, row in rows.items():
        values = [difference(*row(i), boxes[i]) for i in range(1, len(frames) - 1, EVERY)]
        print(f"| {name} | {summary(np.array(values))} |", flush=True)


def print_seams(frames, restarted, boxes):
    """restarted: {first frame: its frames}. The table by overlap."""
    apart = {
        first: np.array([difference(frame, frames[i], boxes[i]) for i, frame in enumerate(made, first)])
        for first, made in restarted.items()
    }
    print("| overlap | PSNR, dB | mean | largest | SSIM | mean, worst seam | mean, worst frame | step |")
    print("|---|---|---|---|---|---|---|---|")
    for overlap in OVERLAPS:
        at_seam = np.array([values[overlap] for values in apart.values()])
        behind = max(values[overlap : overlap + AFTER, 0].max() for values in apart.values())
        steps = []
        for first, made in restarted.items():
            i = first + overlap
            seen = difference(made[overlap], frames[i - 1], boxes[i])[0]
            steps.append(seen / difference(frames[i], frames[i - 1], boxes[i])[0])
        print(
            f"| {overlap} | {summary(at_seam)} | {at_seam[:, 0].max():.3f} | {behind:.3f} | "
            f"{min(steps):.3f} to {max(steps):.3f} |"
        )


def main():
    pair, results, limit = [*sys.argv[1:], *("results", None)[len(sys.argv) - 2 :]]
    target, source = pair.split("_as_")
    pose, folder = load_pose(f"{results}/poses/{pair}.npz"), Path(f"{results}/models/{target}")
    cuts = read_json(f"{results}/frames/{source}.json")["cuts"]
    generator = max(folder.glob("**/generator.safetensors"), key=lambda path: path.parent.name == "enhancer")
    files = [Path(f"{results}/references/{name}.npz") for name in (target, pair)]
    references = chosen_references(*files, pose) if all(file.exists() for file in files) else None
    count = int(limit or len(pose.keypoints))
    reach = max(OVERLAPS) + AFTER
    size = pose.width, pose.height
    boxes = [person_box(points, *size) or (0, 0, *size) for points in pose.keypoints[:count]]

    transfer = Transfer(generator, pose, cuts=cuts, references=references)

    def synthesize(first, stop):
        return list(synthesize_clip(transfer, 1, span=(first, stop)))

    frames = synthesize(0, count)
    firsts = [round((number + 1) * (count - reach) / (SEAMS + 1)) for number in range(SEAMS)]
    restarted = {first: synthesize(first, first + reach) for first in firsts}
    print_yardsticks(frames, boxes, pose)
    print(f"\n{SEAMS} seams in {count} frames, begun at {', '.join(map(str, firsts))}\n")
    print_seams(frames, restarted, boxes)


if __name__ == "__main__":
    main()
