"""A model of what a batch costs, in time, GPU hours, disk and files, from the cost of one job of each stage.

Stages follow each other, none overlaps the next: what a cluster needs at most, if every job takes as long as
the mean. The jobs of a stage run in rounds, as many at a time as there is room for.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """The Slurm jobs of one stage. per: clip, target or pair, each of which has one job.

    gpu: holds a GPU, else one CPU core; seconds: of work in one job; rules: how many run in it.
    """

    name: str
    per: str
    gpu: bool
    seconds: float
    rules: int


@dataclass(frozen=True)
class Kept:
    """What stays on the disk of each clip, target or pair: megabytes, and how many files.

    declared: whether they are outputs of a rule, each of which has a record in .snakemake.
    """

    per: str
    megabytes: float
    files: float
    declared: bool = True


@dataclass(frozen=True)
class Cluster:
    """What the jobs run on.

    cores: CPU cores beside each GPU; queue: Snakemake's `jobs`, at most so many at a time; start: seconds
    that a job holds its place before its work begins; rate: submissions per second.
    """

    gpus: int
    cores: int
    queue: int
    start: float
    rate: float


def numbers(targets, sources):
    """{per: how many} of a batch in which no target is a source."""
    return {"clip": targets + sources, "target": targets, "pair": targets * sources}


def jobs(stages, number):
    """(Slurm jobs, rules' jobs) of a batch; number: what `numbers` returns."""
    slurm = sum(number[stage.per] for stage in stages)
    return slurm, sum(number[stage.per] * stage.rules for stage in stages)


def wall_hours(stages, number, cluster):
    """Hours from the first submission to the last video."""
    total = 0.0
    for stage in stages:
        slots = min(cluster.queue, cluster.gpus * (1 if stage.gpu else cluster.cores))
        rounds = math.ceil(number[stage.per] / slots)
        total += max(rounds * (cluster.start + stage.seconds), number[stage.per] / cluster.rate)
    return total / 3600


def gpu_hours(stages, number, cluster):
    """Hours for which GPUs are held, starts of jobs included."""
    held = sum(number[stage.per] * (cluster.start + stage.seconds) for stage in stages if stage.gpu)
    return held / 3600


def disk(kept, stages, number):
    """(GB, files) of a batch, with records, a log and a benchmark of each job, and Slurm's logs."""
    gigabytes = sum(number[kind.per] * kind.megabytes for kind in kept) / 1000
    slurm, rules = jobs(stages, number)
    files = sum(number[kind.per] * kind.files * (2 if kind.declared else 1) for kind in kept)
    return gigabytes, round(files + 2 * rules + slurm)
