"""Slurm's own records of the jobs that the workflow sent, and what may stand in them."""

import logging
import re
import subprocess
from collections import defaultdict

log = logging.getLogger(__name__)

# rule or group -> (partition, GPUs, the states in which its jobs ended)
WANTED = {
    # a clip that is no video fails in all four attempts that the profile allows
    "clip": ("main", 0, ["COMPLETED"] * 2 + ["FAILED"] * 4),
    "detect_poses": ("gpu", 1, ["COMPLETED"] * 2),
    "performer": ("main", 0, ["COMPLETED"] * 2),
    # the first attempt is cancelled, the second warned of its time limit
    "train_generator": ("gpu", 2, ["CANCELLED", "COMPLETED", "FAILED"]),
    "train_face": ("gpu", 2, ["COMPLETED"]),
    "transfer": ("gpu", 1, ["COMPLETED"]),
}


def ask(*command):
    """What a Slurm command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def records():
    """Every job, oldest first: dicts as `scontrol show job` names the fields."""
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


def gpus_of(job):
    """How many GPUs the job had."""
    found = re.search(r"gpu:(\d+)", job.get("TresPerJob", ""))
    return int(found[1]) if found else 0


def seconds_of(job):
    """Seconds that the job has run, from [days-]hours:minutes:seconds."""
    days, _, clock = job["RunTime"].rpartition("-")
    hours, minutes, seconds = map(int, clock.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def summarise(jobs):
    """stage -> (partitions, numbers of GPUs, states), to be compared with WANTED."""
    found = defaultdict(list)
    for job in jobs:
        found[stage_of(job)].append(job)
    return {
        stage: (
            *({job["Partition"] for job in jobs}),
            *({gpus_of(job) for job in jobs}),
            sorted(job["JobState"] for job in jobs),
        )
        for stage, jobs in found.items()
    }


def show(jobs):
    for job in jobs:
        gpus = gpus_of(job)
        fields = (job["JobId"], stage_of(job), job["Partition"], gpus, job["JobState"], job["RunTime"])
        log.info("  %-4s %-16s %-5s %s GPU  %-10s %s", *fields)
