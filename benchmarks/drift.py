"""Whether a video gets worse the longer it is: one dance to and fro without a break, pass by pass.

python benchmarks/drift.py PAIR TRUTH [--results results] [--passes 9] [--trainings alice alice.no_lead ...]

TRUTH: footage of the target dancing it, frame i showing frame i. The clip is synthesized forwards, backwards,
forwards and so on, each frame going on from the one before; every other pass asks for the same poses in the
same order as the first, so what differs is what has gathered since. Prints a Markdown table, in the person's
box and in the face's: SSIM and LPIPS-form distance of the first pass and of the last, and how far the two are
apart in 8-bit levels, in the mean and in the worst frame. The first FIRST frames, which begin from nothing,
are left out. A generator that is shown references takes those that the run has chosen for the pair.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import numpy as np

from dancenow.evaluation.lpips import evaluation_decision
from dancenow.evaluation.names import FACE, PERSON
from dancenow.evaluation.regions import compare, regions_of
from dancenow.keypoints import load_pose, standing_height
from dancenow.model.perceptual import load_perceptual
from dancenow.references.bank import ChosenReferences
from dancenow.references.choice import Choice
from dancenow.references.files import load_bank, load_choice
from dancenow.synthesis.synthesizer import synthesize_clip
from dancenow.synthesis.transfer import Transfer
from dancenow.video import media

FIRST = 8
EVERY = 3  # of so many frames one is compared


def first_and_last(generator, pose, passes, bank, chosen):
    """The frames of the first and of the last forward pass, two lists of (H, W, 3) uint8.

    bank: the target's references.bank.Bank; chosen: of it, as from Bank.choose; both None without references.
    """
    count = len(pose.keypoints)
    order = np.concatenate([np.arange(count)[:: 1 - 2 * (number % 2)] for number in range(passes)])
    long = pose.part(order)
    references = None
    if bank is not None:
        references = ChosenReferences(bank, long.keypoints, Choice(*(each[order] for each in chosen)))
    first, last = [], []
    for place, frame in enumerate(synthesize_clip(Transfer(generator, long, references=references), 2)):
        if place < count:
            first.append(frame)
        elif place >= (passes - 1) * count:
            last.append(frame)
    return first, last


def measures(network, first, last, truth, keypoints):
    """{region: (frames, 5)}: SSIM and distance of the first, of the last, mean difference of the two."""
    height, found = standing_height(keypoints), {PERSON: [], FACE: []}
    whole = np.ones(truth[0].shape[:2], bool)
    for index in range(FIRST, len(truth), EVERY):
        regions = regions_of(keypoints[index], whole, height)
        for name in found.keys() & regions.keys():
            pictures = [first[index], last[index]]
            similar, _, distance = compare([network], pictures, truth[index], regions[name])
            x0, y0, x1, y1 = regions[name].boxes[0]
            apart = np.abs(first[index][y0:y1, x0:x1].astype(int) - last[index][y0:y1, x0:x1]).mean()
            found[name].append([similar[0], distance[0], similar[1], distance[1], apart])
    return {name: np.array(rows) for name, rows in found.items()}


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("pair")
    parser.add_argument("truth")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--passes", type=int, default=9, help="an odd number")
    parser.add_argument("--trainings", nargs="*", help="folders in RESULTS/models; default: the target's own")
    options = parser.parse_args()
    if options.passes % 2 == 0:
        parser.error("--passes: only an odd number ends with the first's order")
    pose = load_pose(options.results / f"poses/{options.pair}.npz")
    facts = media.probe(options.truth)
    truth = list(media.decode(options.truth, facts, pose.width, pose.height))
    if len(truth) != len(pose.keypoints):
        parser.error(f"{options.truth}: {len(truth)} frames, the dance has {len(pose.keypoints)}")
    network = load_perceptual(evaluation_decision())
    target = options.pair.split("_as_")[0]
    files = [options.results / f"references/{name}.npz" for name in (target, options.pair)]
    given = (None, None)
    if all(file.exists() for file in files):
        bank = load_bank(files[0])
        given = bank, load_choice(files[1], bank, pose.keypoints)
    print(f"{len(truth)} frames, {options.passes} passes without a break\n")
    print("| training | region | SSIM, first pass | last | LPIPS-form, first | last | apart | worst frame |")
    print("|---|---|---|---|---|---|---|---|")
    for training in options.trainings or [target]:
        generator = options.results / f"models/{training}/generator.safetensors"
        first, last = first_and_last(generator, pose, options.passes, *given)
        for region, rows in measures(network, first, last, truth, pose.keypoints).items():
            means, worst = rows.mean(axis=0), rows[:, -1].max()
            similar, distance = (f"{means[i]:.4f} | {means[i + 2]:.4f}" for i in (0, 1))
            apart = f"{means[4]:.3f} | {worst:.3f}"
            print(f"| {training} | {region} | {similar} | {distance} | {apart} |", flush=True)


if __name__ == "__main__":
    main()
