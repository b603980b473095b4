"""The smoke preset through profiles/slurm, with a cancelled training and a drained node, against a local run.

    python tests/slurm/scenario.py FOLDER    inside the cluster that tests/slurm/run.sh starts

Ends with status 0 and one line per finding, or with the first finding that is not as it should be.
"""

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from dancenow.media import ffmpeg_binary
from running import ROOT

log = logging.getLogger(__name__)

RESULT = "results/alice_as_brunomars.mp4"
SECONDS = {"alice": 1.2, "brunomars": 0.6}
# steps enough to be caught in the middle
CONFIG = ("preset=smoke", "train={steps: 60}", "pose={estimator: mediapipe}")
# as many threads here as there: sums over another number of threads have other last digits
HEAVY = ("detect_poses", "train_generator", "synthesize_frames")
THREADS = ("--cores", "2", "--set-threads", *(f"{rule}=1" for rule in HEAVY))
SAME_BYTES = (
    "results/poses/alice.npz",
    "results/poses/alice_as_brunomars.npz",
    "results/plates/alice.png",
    "results/models/alice/generator.safetensors",
    "results/models/alice/losses.jsonl",
    RESULT,
)
# rule or group -> (partition, jobs); a training that is cancelled is submitted once more
WANTED = {
    "clip": ("main", ["COMPLETED"] * 2),
    "detect_poses": ("gpu", ["COMPLETED"] * 2),
    "performer": ("main", ["COMPLETED"] * 2),
    "train_generator": ("gpu", ["CANCELLED", "COMPLETED"]),
    "transfer": ("gpu", ["COMPLETED"]),
}


def ask(*command):
    """What a Slurm command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def records():
    """Slurm's own record of every job, oldest first: dicts as `scontrol show job` names the fields."""
    lines = ask("scontrol", "--oneliner", "show", "job").splitlines()
    found = [dict(re.findall(r"(\S+?)=(\S*)", line)) for line in lines if line.startswith("JobId=")]
    return sorted(found, key=lambda job: int(job["JobId"]))


def stage_of(job):
    """The rule or group of a job; the whole comment of one that is not wanted.

    The plugin writes rule_<rule>_wildcards_<values> into the comment, or rule_<group>_<rule>_<rule>...
    """
    said = job["Comment"].removeprefix("rule_")
    return next((stage for stage in WANTED if said.startswith(f"{stage}_")), said)


def jobs_of(stage):
    return [job for job in records() if stage_of(job) == stage]


def wait_for(what, condition, run, seconds=1200):
    """The first true value of condition(); fails when `run` ends before or the time is up."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if value := condition():
            return value
        if run.poll() is not None:
            raise SystemExit(f"snakemake ended before {what}")
        time.sleep(0.2)
    raise SystemExit(f"waited {seconds} s in vain for {what}")


def make_clips(folder):
    (folder / "data").mkdir(parents=True)
    for name, seconds in SECONDS.items():
        cut = ["-i", ROOT / f"data/{name}.mp4", "-t", str(seconds), *"-crf 12 -c:a copy".split()]
        subprocess.run([ffmpeg_binary(), "-v", "error", *cut, folder / f"data/{name}.mp4"], check=True)


def snakemake(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, RESULT]
    with (folder / "said").open("w") as said:
        return subprocess.Popen(
            [*command, *THREADS, *arguments, "--config", *CONFIG],
            stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"},
        )  # fmt: skip


def finish(run, folder, seconds=1800):
    try:
        status = run.wait(timeout=seconds)
    finally:
        # an interrupt cancels what is still in the queue
        if run.poll() is None:
            run.send_signal(signal.SIGINT)
    if status:
        raise SystemExit(f"{(folder / 'said').read_text()[-6000:]}\nsnakemake ended with status {status}")


def cancel_training(folder, run):
    """scancel the training once it has done some steps; the number of its Slurm job."""
    previews = folder / "results/models/alice/run/previews"  # the first at a tenth of the way
    wait_for("the training's first steps", lambda: any(previews.glob("step-*.png")), run)
    (job,) = jobs_of("train_generator")
    check(job["JobState"] == "RUNNING", f"job {job['JobId']}, the training, runs and is cancelled mid-way")
    ask("scancel", job["JobId"])
    return job["JobId"]


def drain(run, cancelled):
    """Drain the node before the second attempt, see it wait there, and let the node work again."""
    node = ask("hostname", "-s").strip()
    ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")

    def again():
        return [job for job in jobs_of("train_generator") if job["JobId"] != cancelled]

    (job,) = wait_for("the second attempt's submission", again, run)
    wait_for("the node to be drained", lambda: "DRAIN" in ask("scontrol", "show", "node", node), run)
    time.sleep(5)
    (job,) = again()
    check(
        job["JobState"] == "PENDING", f"job {job['JobId']}, the next attempt, waits while the node is drained"
    )
    ask("scontrol", "update", f"nodename={node}", "state=resume")


def check(holds, finding):
    if not holds:
        raise SystemExit(f"not so: {finding}")
    log.info("%s", finding)


def compare_records(node):
    found = defaultdict(list)
    for job in records():
        found[stage_of(job)].append(job)
    for stage, jobs in found.items():
        for job in jobs:
            log.info(
                "  %-4s %-18s %-10s %s %s",
                job["JobId"],
                stage,
                job["JobState"],
                job["NodeList"],
                job["RunTime"],
            )
    states = {
        stage: (jobs[0]["Partition"], [job["JobState"] for job in jobs]) for stage, jobs in found.items()
    }
    check(states == WANTED, f"Slurm's records hold these jobs and no others: {', '.join(WANTED)}")
    everything = [job for jobs in found.values() for job in jobs]
    check({job["NodeList"] for job in everything} == {node}, f"all of them ran on {node}")
    gpus = {stage for stage, jobs in found.items() for job in jobs if "gpu" in job.get("TresPerJob", "")}
    check(
        gpus == {stage for stage, (partition, _) in WANTED.items() if partition == "gpu"},
        "GPU jobs had a GPU",
    )


def main(folder):
    here, there = folder / "local", folder / "slurm"
    make_clips(here)
    shutil.copytree(here / "data", there / "data")
    finish(snakemake(here), here)
    check((here / RESULT).exists(), "the local run is done")
    options = ("--profile", ROOT / "profiles/slurm", "--workflow-profile", "none")
    # a lone node on a local disk answers at once
    soon = ("--latency-wait", "10", "--slurm-init-seconds-before-status-checks", "2")
    run = snakemake(there, *options, *soon)
    try:
        cancelled = cancel_training(there, run)
        drain(run, cancelled)
    finally:
        if sys.exc_info()[0]:
            run.send_signal(signal.SIGINT)
    finish(run, there)
    compare_records(ask("hostname", "-s").strip())
    resumed = re.search(r"resuming at step (\d+)", (there / "logs/train_generator/alice.log").read_text())
    check(resumed and int(resumed[1]) > 0, "the second attempt went on from the first one's checkpoint")
    logs = list((there / "logs/slurm").rglob("*.log"))
    check(len(logs) == len(records()), "every job's log is in logs/slurm")
    for name in SAME_BYTES:
        check((here / name).read_bytes() == (there / name).read_bytes(), f"same bytes as there: {name}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    main(Path(sys.argv[1]))
