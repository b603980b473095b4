"""Time and peak memory of every stage before a training, for clips of several lengths.

python benchmarks/length.py MINUTES [MINUTES ...] [--preset smoke] [--cores 2] [--folder FOLDER] [--once]

The demo's clips are looped to so many minutes, each pass at another brightness, so that no two are the
same. Of both, Snakemake makes the reports and the preview of the pair, with a folder of its own for each
length. Prints a Markdown table of Snakemake's own measurements: CPU seconds and peak resident memory of
each job. What lies between two lengths should be in proportion for time, and next to nothing for memory.
With --once people are detected in the first length only, and the others repeat what was found in it; their
detect_poses has no row. The first length must then be a whole number of passes, such as a minute.
"""

import argparse
import csv
import dataclasses
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import numpy as np

from dancenow.keypoints import load_people, save_people
from dancenow.pose.masks import Masks, load_masks, save_masks
from dancenow.video.media import decode, encode, probe

ROOT = Path(__file__).resolve().parents[1]
CLIPS = {"target": "alice", "source": "brunomars"}
WANTED = ["results/previews/target_as_source.mp4", *(
    f"results/reports/{name}.html" for name in ("target", "source", "target_as_source")
)]  # fmt: skip
SIZE = 256, 256


def looped(clip, facts):
    """The clip's frames without end, each pass up to a tenth brighter or darker than the one before."""
    for number in count():
        levels = np.arange(256) * (1 + 0.1 * np.sin(number))
        table = np.rint(levels.clip(0, 255)).astype(np.uint8)
        for frame in decode(clip, facts, *SIZE):
            yield table[frame]


def repeated(shorter, folder, name):
    """Write the people and masks of a subject in a folder: those of a shorter clip, again and again."""
    results = folder / "results"
    count = len(np.load(results / f"frames/{name}.index.npy"))
    people = load_people(shorter / f"results/poses/{name}.people.npz")
    rows = np.concatenate([people.frame + first for first in range(0, count, people.count)])
    times, kept = -(-count // people.count), rows < count

    def again(values):
        return None if values is None else np.concatenate([values] * times)[kept]

    people = dataclasses.replace(
        people, keypoints=again(people.keypoints), looks=again(people.looks), frame=rows[kept], count=count
    )
    (results / "masks").mkdir(exist_ok=True)
    save_people(results / f"poses/{name}.people.npz", people)
    masks = load_masks(shorter / f"results/masks/{name}.found.npz")
    ends = np.concatenate([masks.ends + number * len(masks.data) for number in range(times)])[:count]
    data = np.concatenate([masks.data] * times)[: ends[-1]]
    save_masks(results / f"masks/{name}.found.npz", Masks(data, ends, masks.width, masks.height))


def run(folder, minutes, preset, cores, shorter=None):
    """{(rule, name): (CPU seconds, MB)} of the jobs for clips of so many minutes, made below a folder.

    shorter: the folder of a run whose detections are repeated, or None to detect.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, demo in CLIPS.items():
        clip = ROOT / "data" / f"{demo}.mp4"
        facts = probe(clip)
        frames = islice(looped(clip, facts), round(60 * minutes * Fraction(facts["fps"])))
        encode(folder / f"{name}.mp4", frames, facts["fps"], *SIZE)
    subjects = "\n".join(f"  {name}: {{video: {name}.mp4}}" for name in CLIPS)
    (folder / "own.yaml").write_text(
        f"subjects:\n{subjects}\ntransfers: [target_as_source]\npose: {{estimator: mediapipe}}\n"
    )
    command = [
        sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder,
        "--configfile", folder / "own.yaml", "--config", f"preset={preset}", "--cores", str(cores),
        "--quiet", "all", "--",
    ]  # fmt: skip
    if shorter:
        frames = [f"results/frames/{name}.avi" for name in CLIPS]
        subprocess.run([*command, "results/poses/estimator.json", *frames], check=True)
        for name in CLIPS:
            repeated(shorter, folder, name)
    subprocess.run([*command, *WANTED], check=True)
    found = {}
    for path in sorted((folder / "benchmarks/rules").glob("*/*.tsv")):
        with open(path, newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        memory = 0.0 if row["max_rss"] in ("NA", "-") else float(row["max_rss"])
        found[path.parent.name, path.stem] = float(row["cpu_time"]), memory
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=float, nargs="+")
    parser.add_argument("--preset", default="smoke")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--once", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        folders = [folder / f"{minutes:g}" for minutes in given.minutes]
        runs = [
            run(own, minutes, given.preset, given.cores, folders[0] if given.once and number else None)
            for number, (own, minutes) in enumerate(zip(folders, given.minutes, strict=True))
        ]
    print("| job | " + " | ".join(f"{m:g} min: CPU s | MB" for m in given.minutes) + " |")
    print("|---|" + "---|---|" * len(runs))
    for job in runs[0]:
        cells = [f"{found[job][0]:.0f} | {found[job][1]:.0f}" if job in found else "– | –" for found in runs]
        print(f"| {job[0]} {job[1]} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
