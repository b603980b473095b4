"""The cost model against sums done by hand."""

import pytest

from costs import Cluster, Kept, Stage, disk, gpu_hours, jobs, numbers, wall_hours

STAGES = [
    Stage("cut", "clip", False, 10, 2),
    Stage("train", "target", True, 595, 1),
    Stage("synthesize", "pair", True, 30, 3),
]
BATCH = numbers(3, 5)


def cluster(gpus=4, queue=100, rate=1.0):
    return Cluster(gpus=gpus, cores=2, queue=queue, start=5, rate=rate)


def test_a_batch_has_all_clips_and_every_pair():
    assert BATCH == {"clip": 8, "target": 3, "pair": 15}
    assert jobs(STAGES, BATCH) == (26, 64)


def test_stages_run_in_rounds_of_what_there_is_room_for():
    # 8 clips on 8 cores: one round of 15 s; 3 trainings on 4 GPUs: 600 s; 15 pairs: four rounds of 35 s
    assert wall_hours(STAGES, BATCH, cluster()) == pytest.approx((15 + 600 + 140) / 3600)


def test_snakemakes_queue_bounds_what_runs_at_once():
    # two at a time: four rounds of 15 s, two of 600 s, eight of 35 s
    assert wall_hours(STAGES, BATCH, cluster(queue=2)) == pytest.approx((60 + 1200 + 280) / 3600)


def test_submission_bounds_many_short_jobs():
    # one in ten seconds: 80 s, 600 s (30 s to submit), 150 s
    assert wall_hours(STAGES, BATCH, cluster(rate=0.1)) == pytest.approx((80 + 600 + 150) / 3600)


def test_gpus_are_held_while_jobs_start_and_cpu_jobs_hold_none():
    assert gpu_hours(STAGES, BATCH, cluster()) == pytest.approx((3 * 600 + 15 * 35) / 3600)
    assert gpu_hours(STAGES, BATCH, cluster(gpus=256)) == gpu_hours(STAGES, BATCH, cluster())


def test_disk_and_files_are_counted_by_hand():
    kept = [Kept("clip", 100, 4), Kept("target", 50, 2, declared=False), Kept("pair", 2, 1)]
    # 800 + 150 + 30 MB; 32 + 15 files with records and 6 without, 64 logs, 64 benchmarks, 26 logs of Slurm
    assert disk(kept, STAGES, BATCH) == (pytest.approx(0.98), 2 * 47 + 6 + 128 + 26)
