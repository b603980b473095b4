"""How long Snakemake plans a batch: dry runs on stand-in clips, with a table of CPU seconds, memory and jobs.

python benchmarks/planning.py [PAIRS | TARGETSxSOURCES ...]
    default: 10 1000 10000, each as many targets as sources, or nearly
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def sides(shape):
    """(targets, sources) of "3x5"; of a plain number the two whose product it is, as equal as they can be."""
    if "x" in shape:
        return tuple(map(int, shape.split("x")))
    pairs = int(shape)
    targets = next(count for count in range(int(pairs**0.5), 0, -1) if pairs % count == 0)
    return targets, pairs // targets


def write_batch(folder, targets, sources):
    """Touch the clips of a batch in `folder` and write its configuration, batch.yaml."""
    names = {
        role: [f"{role}-{number}" for number in range(count)]
        for role, count in (("target", targets), ("source", sources))
    }
    (folder / "data").mkdir()
    subjects = {}
    for name in (*names["target"], *names["source"]):
        (folder / f"data/{name}.mp4").touch()
        subjects[name] = {"video": f"data/{name}.mp4"}
    batch = {"targets": names["target"], "sources": names["source"]}
    (folder / "batch.yaml").write_text(json.dumps({"subjects": subjects, "batch": batch}))


def plan(folder, wanted):
    """Dry-run `wanted` of the batch in `folder`; returns (CPU seconds, peak MB, jobs)."""
    asked = f"--cores 2 --dry-run --quiet rules --configfile {folder}/batch.yaml -- {wanted}".split()
    command = [sys.executable, "-m", "snakemake", "-s", f"{ROOT}/Snakefile", "--directory", str(folder)]
    with (folder / "said").open("w") as said:
        process = subprocess.Popen([*command, *asked], stdout=said, stderr=said, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
    printed = (folder / "said").read_text()
    if status:
        raise SystemExit(printed[-3000:])
    jobs = int(re.search(r"^total +(\d+)", printed, re.M)[1])
    # of the processor, not of the clock: on a busy machine the clock tells of the others
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, jobs


def main():
    print("| pairs | clips | jobs | CPU seconds | ms per job | peak MB | CPU seconds of a plan of one job |")
    print("|---|---|---|---|---|---|---|")
    for shape in sys.argv[1:] or ("10", "1000", "10000"):
        targets, sources = sides(shape)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_batch(folder, targets, sources)
            # what each job on a cluster does before its work, twice
            start, _, _ = plan(folder, "results/clips/target-0.json")
            seconds, memory, jobs = plan(folder, "batch")
        print(
            f"| {targets} x {sources} | {targets + sources} | {jobs} | {seconds:.1f} "
            f"| {1000 * seconds / jobs:.1f} | {memory:.0f} | {start:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
