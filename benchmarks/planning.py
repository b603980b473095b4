"""How long Snakemake plans a batch: dry runs on stand-in clips, with a table of CPU seconds, memory and jobs.

python benchmarks/planning.py [PAIRS ...]  default: 10 1000 10000; as many targets as sources, or nearly
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def sides(pairs):
    """(targets, sources) whose product is `pairs`, as equal as they can be."""
    targets = next(count for count in range(int(pairs**0.5), 0, -1) if pairs % count == 0)
    return targets, pairs // targets


def write_batch(folder, pairs):
    """Touch the clips of a batch in `folder` and write its configuration, batch.yaml."""
    count = dict(zip(("target", "source"), sides(pairs), strict=True))
    names = {role: [f"{role}-{number}" for number in range(count[role])] for role in count}
    (folder / "data").mkdir()
    subjects = {}
    for name in (*names["target"], *names["source"]):
        (folder / f"data/{name}.mp4").touch()
        subjects[name] = {"video": f"data/{name}.mp4"}
    batch = {"targets": names["target"], "sources": names["source"]}
    (folder / "batch.yaml").write_text(json.dumps({"subjects": subjects, "batch": batch}))


def plan(pairs):
    """Dry-run a batch of `pairs`; returns (CPU seconds, peak MB, jobs)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_batch(folder, pairs)
        asked = f"--cores 2 --dry-run --quiet rules --configfile {folder}/batch.yaml -- batch".split()
        command = [sys.executable, "-m", "snakemake", "-s", f"{ROOT}/Snakefile", "--directory", name]
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
    print("| pairs | clips | jobs | CPU seconds | ms per job | peak MB |\n|---|---|---|---|---|---|")
    for pairs in map(int, sys.argv[1:] or ("10", "1000", "10000")):
        seconds, memory, jobs = plan(pairs)
        clips = sum(sides(pairs))
        print(
            f"| {pairs} | {clips} | {jobs} | {seconds:.1f} | {1000 * seconds / jobs:.1f} | {memory:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
