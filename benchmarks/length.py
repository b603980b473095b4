"""Time and peak memory of every stage before a training, for clips of several lengths.

python benchmarks/length.py MINUTES [MINUTES ...] [--preset smoke] [--cores 2] [--folder FOLDER]

The demo's clips are looped to so many minutes, each pass at another brightness, so that no two are the
same. Of both, Snakemake makes the reports and the preview of the pair, with a folder of its own for each
length. Prints a Markdown table of Snakemake's own measurements: CPU seconds and peak resident memory of
each job. What lies between two lengths should be in proportion for time, and next to nothing for memory.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
from fractions import Fraction
from itertools import count, islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow_scripts"))

import numpy as np

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


def run(folder, minutes, preset, cores):
    """{(rule, name): (CPU seconds, MB)} of the jobs for clips of so many minutes, made below a folder."""
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
    subprocess.run(
        [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder,
         "--configfile", folder / "own.yaml", "--config", f"preset={preset}", "--cores", str(cores),
         "--quiet", "all", "--", *WANTED],
        check=True,
    )  # fmt: skip
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
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.folder or Path(scratch)).resolve()
        runs = [run(folder / f"{m:g}", m, given.preset, given.cores) for m in given.minutes]
    print("| job | " + " | ".join(f"{m:g} min: CPU s | MB" for m in given.minutes) + " |")
    print("|---|" + "---|---|" * len(runs))
    for job in runs[-1]:
        cells = [f"{found[job][0]:.0f} | {found[job][1]:.0f}" if job in found else "– | –" for found in runs]
        print(f"| {job[0]} {job[1]} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
