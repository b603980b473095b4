"""How fast batches are made for a GPU, by this machine's CPU alone: no GPU is needed.

    python benchmarks/loading.py [--size 1024 576] [--batch 4] [--batches 12]

Of pairs of frames without references (preset paper), of pairs and of single frames with them (studio): CPU
milliseconds that a batch takes, batches a second by what makes them for a training on a GPU (threads without
references, processes with them), and the share of the time in which a step of 25 ms, a sleep, waits for its
batch. The frames are noise, three times as large in a file as real ones, the person in them is a drawn
figure, and the generator's windows are the whole frame: real ones are smaller.
"""

import argparse
import sys
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import cv2
import numpy as np

from dancenow.device import keep_memory
from dancenow.job import usable_cores
from dancenow.keypoints import COUNT, INDEX, LEFT_HAND, RIGHT_HAND, Pose
from dancenow.prefetch import made_ahead
from dancenow.references.making import make_bank
from dancenow.references.sampling import RealPixels
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.loading import EACH_AHEAD, by_processes, loaders, picture_threads

STAND_IN = 0.025  # seconds of a step that the loader is held against
FRAMES = 60
# whether the generator is shown references, and whether a step takes the last frame of each pair alone
KINDS = {
    "pairs, no references": (False, False),
    "pairs with references": (True, False),
    "single frames with references": (True, True),
}
# a figure of height 1 with its feet at the origin, y down; of both sides the left one is given
MIDDLE = {"nose": (0.0, -0.93)}
LEFT = {
    "eye": (0.02, -0.95), "ear": (0.04, -0.94), "shoulder": (0.11, -0.81), "elbow": (0.2, -0.65),
    "wrist": (0.25, -0.49), "hip": (0.07, -0.52), "knee": (0.08, -0.28), "ankle": (0.08, -0.03),
    "big_toe": (0.11, 0.0), "heel": (0.07, 0.0),
}  # fmt: skip


class Encoded:
    """Frames of noise as the store holds them, JPEG of quality 98, decoded when they are asked for."""

    def __init__(self, count, size):
        random = np.random.default_rng(0)
        rough = random.integers(0, 256, (count, size[1] // 8, size[0] // 8, 3), np.uint8)
        how = [cv2.IMWRITE_JPEG_QUALITY, 98]
        self.files = [cv2.imencode(".jpg", cv2.resize(frame, size), how)[1] for frame in rough]

    def __getitem__(self, index):
        return cv2.imdecode(self.files[index], cv2.IMREAD_COLOR_RGB)


def dancer(size):
    """The Pose of a figure with hands that fills most of the frame's height, and moves its arms and legs."""
    width, height = size
    places = MIDDLE | {f"left_{name}": place for name, place in LEFT.items()}
    places |= {f"right_{name}": (-x, y) for name, (x, y) in LEFT.items()}
    names, resting = list(places), np.array(list(places.values()))
    random = np.random.default_rng(1)
    keypoints = np.zeros((FRAMES, COUNT, 3), np.float32)
    for frame in keypoints:
        moved = resting + random.normal(0, 0.02, resting.shape)
        frame[[INDEX[name] for name in names]] = np.c_[moved, np.full(len(names), 0.9)]
        for hand, wrist in ((LEFT_HAND, "left_wrist"), (RIGHT_HAND, "right_wrist")):
            spread = random.normal(0, 0.02, (21, 2)) + frame[INDEX[wrist], :2]
            frame[hand] = np.c_[spread, np.full(21, 0.9)]
    keypoints[..., :2] = keypoints[..., :2] * 0.85 * height + (width / 2, 0.93 * height)
    keypoints[keypoints[..., 2] == 0] = 0
    return Pose(keypoints, Fraction(25), width, height, "benchmark", "none")


def make_sampler(size, batch, references):
    """A ClipSampler of pairs of whole frames, (w, h) px."""
    frames, pose = Encoded(FRAMES, size), dancer(size)
    background, pixels = None, None
    if references:
        background = frames[0]
        masks = [np.full(size[::-1], 255, np.uint8)] * FRAMES
        bank = make_bank(frames, pose, masks, background, FRAMES)
        pixels = RealPixels(bank, masks, pose.fps, FRAMES)
    footage = TrainingFootage(frames, pose, background, [size], FRAMES, pixels=pixels)
    return ClipSampler(footage, batch, 0)


def loading(make, references, batches):
    """(CPU seconds of a batch, batches a second, share of the time in which a step of STAND_IN waits).

    make: batch number -> batch, with references or without. The first batches, for which processes start, do
    not count.
    """
    makers = makers_of(references)

    def given():
        numbers = range(batches + 2 * makers)
        if references and makers > 1:
            made = by_processes(make, numbers, makers)
        else:
            made = made_ahead(make, numbers, makers, EACH_AHEAD * makers)
        for _ in range(2 * makers):
            next(made)
        return made

    make(0)  # libraries load
    spent = time.process_time()
    for number in range(3):
        make(number)
    each = (time.process_time() - spent) / 3
    made = given()
    began = time.perf_counter()
    for _ in made:
        pass
    rate = batches / (time.perf_counter() - began)
    made, waited = given(), 0.0
    requested = began = time.perf_counter()
    for _ in made:
        waited += time.perf_counter() - requested
        time.sleep(STAND_IN)
        requested = time.perf_counter()
    return each, rate, waited / (time.perf_counter() - began)


def makers_of(references):
    """How many threads or processes make batches for a GPU, as in dancenow.training.loading.prefetch."""
    return loaders() if references else picture_threads()


def row(size, batch, kind, batches):
    """In words, what `loading` finds of one of KINDS."""
    references, last_only = KINDS[kind]
    sampler = make_sampler(size, batch, references)
    each, rate, waiting = loading(lambda number: sampler(number, last_only), references, batches)
    makers = f"{makers_of(references)} {'processes' if references else 'threads'}"
    return (
        f"{1000 * each:.0f} ms of a core, {rate:.1f} batches/s by {makers}; a step of 25 ms waits "
        f"{100 * waiting:.1f} % of the time"
    )


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--size", nargs=2, type=int, default=(1024, 576))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--batches", type=int, default=48)
    options = parser.parse_args()
    cv2.setNumThreads(1)  # as in a training, like the memory
    keep_memory()
    print(f"{usable_cores()} CPU cores\n\n| what | measured |\n|---|---|")
    for kind in KINDS:
        value = row(tuple(options.size), options.batch, kind, options.batches)
        print(f"| {options.size[0]}x{options.size[1]}, batch {options.batch}, {kind} | {value} |", flush=True)


if __name__ == "__main__":
    main()
