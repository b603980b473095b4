"""The smoke preset through profiles/slurm, against a local run.

The training is cancelled, has to wait for a drained node, is warned of its time limit, and is requeued; one
clip is no video.

    python tests/slurm/scenario.py FOLDER    inside the cluster that tests/slurm/run.sh starts

Ends with status 0 and one line per finding, or with the first finding that is not as it should be.
"""

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from dancenow.stopping import EXIT_STATUS
from dancenow.video.media import ffmpeg_binary
from running import ROOT
from slurm.records import WANTED, ask, jobs_of, records, seconds_of, show, summarise

log = logging.getLogger(__name__)

PATIENCE = 1800  # seconds that anything may take; an idle machine needs a tenth
ENDS = (signal.SIGINT, signal.SIGTERM)
RESULT = "results/alice_as_brunomars.mp4"
MODEL = "results/models/alice"
SECONDS = {"alice": 1.2, "brunomars": 0.6}
CONFIG = {
    "preset": "smoke",
    "pose": {"estimator": "mediapipe"},
    # two processes, which share the batch; enough steps to be caught in the middle, twice
    "train": {"steps": 60, "batch": 2},
    "hardware": {"devices": 2},
    "subjects": {"broken": {"video": "data/broken.mp4"}},
    "batch": {"targets": ["alice"], "sources": ["brunomars", "broken"]},
}
# as many threads here as there: sums over another number of threads have other last digits
HEAVY = ("detect_poses", "train_generator", "train_face", "synthesize_frames")
THREADS = ("--cores", "2", "--set-threads", *(f"{rule}=1" for rule in HEAVY))
CLUSTER = (
    "--profile", ROOT / "profiles/slurm", "--workflow-profile", "none",
    # a lone node on a local disk answers at once
    "--latency-wait", "10", "--slurm-init-seconds-before-status-checks", "2",
)  # fmt: skip
SAME_BYTES = (
    "results/poses/alice.npz",
    "results/poses/alice_as_brunomars.npz",
    "results/backgrounds/alice.png",
    f"{MODEL}/generator.safetensors",
    f"{MODEL}/losses.jsonl",
    f"{MODEL}/face/generator.safetensors",
    "results/synthesis/alice_as_brunomars.mp4",  # the result is this, signed; no two signatures are alike
)
SUMMARY = [
    "batch: 1 of 2 videos are finished",
    "1 missing: alice_as_broken",
    "  probe_clip: data/broken.mp4: ",
    "  full log: logs/probe_clip/broken.log",
]


class Wrong(Exception):
    """Something is not as it should be."""


def check(holds, finding):
    if not holds:
        raise Wrong(f"not so: {finding}")
    log.info("%s", finding)


def wait_for(what, condition, run):
    """The first true value of condition(); Wrong when `run` ends before, or when the time is up."""
    log.info("... %s", what)
    began = told = time.monotonic()
    while time.monotonic() < began + PATIENCE:
        if value := condition():
            return value
        if run.poll() is not None:
            raise Wrong(f"snakemake ended before {what}")
        if time.monotonic() > told + 30:
            told = time.monotonic()
            log.info("    %s", ask("squeue", "--noheader", "--format=%i %T %k").replace("\n", "; "))
        time.sleep(0.05)
    raise Wrong(f"waited {PATIENCE} s in vain for {what}")


def make_clips(folder):
    (folder / "data").mkdir(parents=True)
    for name, seconds in SECONDS.items():
        cut = ["-i", ROOT / f"data/{name}.mp4", "-t", str(seconds), *"-crf 12 -c:a copy".split()]
        subprocess.run([ffmpeg_binary(), "-v", "error", *cut, folder / f"data/{name}.mp4"], check=True)
    (folder / "data/broken.mp4").write_text("This is not a video.\n" * 100)
    # the secret of the invisible mark: each folder makes its own, and with it other frames
    (folder / "secrets").mkdir()
    key = folder / "secrets/mark.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)


@contextmanager
def snakemake(folder, target, *options):
    """Snakemake in `folder`; in a session of its own, so that what it leaves behind can be ended too."""
    command = [sys.executable, "-m", "snakemake", "-s", ROOT / "Snakefile", "--directory", folder, target]
    config = [f"{key}={json.dumps(value)}" for key, value in CONFIG.items()]
    with (folder / "said").open("w") as said:
        run = subprocess.Popen(
            [*command, *THREADS, *options, "--config", *config],
            stdout=said, stderr=said, stdin=subprocess.DEVNULL, start_new_session=True,
            env=os.environ | {"NO_COLOR": "1"},
        )  # fmt: skip
        try:
            yield run
        except Exception:
            log.info("what Snakemake said last in %s:\n%s", folder, (folder / "said").read_text()[-6000:])
            raise
        finally:
            if run.poll() is None:
                run.send_signal(signal.SIGINT)  # cancels what is in the queue
                with suppress(subprocess.TimeoutExpired):
                    run.wait(60)
            with suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)


def finish(run, folder, status):
    wait_for(f"the end of the run in {folder.name}", lambda: run.poll() is not None, run)
    check(run.returncode == status, f"the run in {folder.name} ends with status {status}")


def freeze_training(folder, run, after):
    """Stop the training in its tracks at its next preview after step `after`, however fast the machine is.

    Returns its process number, its Slurm job and the preview's step. Slurm's own signals reach it as it
    stands; it answers once it goes on, which SIGCONT makes it do.
    """

    def at():
        previews = (folder / MODEL / "run/previews").glob("step-*.png")
        return max((step for step in (int(path.stem[5:]) for path in previews) if step > after), default=0)

    step = wait_for(f"the training beyond step {after}", at, run)
    process = int((folder / MODEL / "run/lock").read_text())
    os.kill(process, signal.SIGSTOP)
    (job,) = [job for job in jobs_of("train_generator") if job["JobState"] == "RUNNING"]
    check(step < CONFIG["train"]["steps"], f"job {job['JobId']}, the training, is at step {step}")
    return process, job, step


def node_state(node):
    return re.search(r"State=(\S+)", ask("scontrol", "show", "node", node))[1]


def cancel_and_drain(folder, run, node):
    """Drain the node under the training, cancel the training, see the next attempt wait, release the node."""
    _, job, step = freeze_training(folder, run, after=0)
    ask("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    wait_for("the node to drain", lambda: "DRAIN" in node_state(node), run)
    (same,) = jobs_of("train_generator")
    check(same["JobState"] == "RUNNING", "the node is being drained, and the training is left alone")
    ask("scancel", job["JobId"])

    def waiting():
        return [job for job in jobs_of("train_generator") if job["JobState"] == "PENDING"]

    (again,) = wait_for("the next attempt in the queue", waiting, run)
    wait_for("Slurm to pass it over", lambda: "DRAIN" in waiting()[0]["Reason"], run)
    check(waiting(), f"job {again['JobId']}, the next attempt, waits: {waiting()[0]['Reason']}")
    ask("scontrol", "update", f"nodename={node}", "state=resume")
    return step


def run_out_of_time(folder, run, after):
    """Bring the training's time limit so near that Slurm gives the warning that the profile asks for."""
    process, job, step = freeze_training(folder, run, after)
    minutes = seconds_of(job) // 60 + 3  # the profile asks for 180 seconds
    ask("scontrol", "update", f"jobid={job['JobId']}", f"timelimit={minutes}")
    warned = Path(job["StdOut"])

    def heard():
        if is_pending(process, signal.SIGUSR1):
            os.kill(process, signal.SIGCONT)
        return "asked to stop (SIGUSR1) at step" in warned.read_text()

    wait_for("Slurm's warning of the time limit", heard, run)
    log.info("the training heard the warning, and saved")
    return warned, step


def is_pending(process, number):
    """Whether a signal has been sent to a process that has not answered it yet."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(re.search(r"ShdPnd:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


def requeue(folder, run, after):
    """Have Slurm take the training off its node and start it again by itself, as after a preemption."""
    _, job, step = freeze_training(folder, run, after)
    ask("scontrol", "requeue", job["JobId"])

    def back():
        return [again for again in jobs_of("train_generator") if again["JobState"] == "PENDING"]

    (again,) = wait_for("the same job in the queue again", back, run)
    check(
        (again["JobId"], again["Restarts"]) == (job["JobId"], "1"),
        f"Slurm has put job {job['JobId']} back into the queue",
    )
    ask("scontrol", "update", f"jobid={job['JobId']}", "starttime=now")  # Slurm would wait two minutes
    return step


def compare_records(node):
    jobs = records()
    show(jobs)
    found = summarise(jobs)
    check(found == WANTED, f"Slurm's records hold these jobs, their GPUs and ends, and no others: {found}")
    check({job["NodeList"] for job in jobs} == {node}, f"all of them ran on {node}")


def compare_logs(folder, warned):
    check(
        f"exit status {EXIT_STATUS}" in warned.read_text(),
        f"the training that was warned ended with status {EXIT_STATUS}",
    )
    logs = list((folder / "logs/slurm").rglob("*.log"))
    check(len(logs) == len(records()), "every job's log is in logs/slurm")
    summary = (folder / "results/batch.txt").read_text().splitlines()
    check(
        len(summary) == len(SUMMARY) and all(map(str.startswith, summary, SUMMARY)),
        f"the batch's summary names the broken clip alone: {summary}",
    )


def main(folder):
    here, there = folder / "local", folder / "slurm"
    make_clips(here)
    for name in ("data", "secrets"):
        shutil.copytree(here / name, there / name)
    node = ask("hostname", "-s").strip()
    # at the same time: the one has the processors while the other waits for Slurm
    with snakemake(here, RESULT) as local, snakemake(there, "batch", *CLUSTER) as cluster:
        cancelled_at = cancel_and_drain(there, cluster, node)
        warned, warned_at = run_out_of_time(there, cluster, after=cancelled_at)
        requeued_at = requeue(there, cluster, after=warned_at)
        finish(cluster, there, status=1)  # one video cannot be made
        finish(local, here, status=0)
    compare_records(node)
    compare_logs(there, warned)
    resumed = re.search(r"resuming at step (\d+)", (there / "logs/train_generator/alice.log").read_text())
    check(
        resumed and int(resumed[1]) >= requeued_at, "the training went on from where it was interrupted last"
    )
    for name in SAME_BYTES:
        check((here / name).read_bytes() == (there / name).read_bytes(), f"same bytes as there: {name}")


def leave(number, _frame):
    """End in order; a second signal would come in between."""
    for heard in ENDS:
        signal.signal(heard, signal.SIG_IGN)
    sys.exit(f"stopped by {signal.Signals(number).name}")


if __name__ == "__main__":
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stdout
    )
    for heard in ENDS:
        signal.signal(heard, leave)
    try:
        main(Path(sys.argv[1]))
    except Wrong as wrong:
        sys.exit(f"error: {wrong}")
