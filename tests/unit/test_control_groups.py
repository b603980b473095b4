"""How many processors a process may use where a container or a cluster limits their time."""

import os

import pytest

from dancenow.job import usable_cores
from dancenow.training.loading import loaders


@pytest.fixture(autouse=True)
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8), raising=False)


def cores(folder, membership, **files):
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/cgroup").write_text(membership)
    for name, text in files.items():
        (folder / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "groups" / name).write_text(text)
    return usable_cores(folder / "proc", folder / "groups")


@pytest.mark.parametrize(
    "limit, expected",
    [
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("10000 100000", 1),
        ("1600000 100000", 8),
        ("max 100000", 8),
        ("", 8),
    ],
)
def test_a_container_sees_all_cores_and_may_use_some(limit, expected, tmp_path):
    """As of docker --cpus and Kubernetes: of 64 threads that share the time of two, most wait."""
    assert cores(tmp_path, "0::/\n", **{"cpu.max": limit}) == expected


def test_the_tightest_group_counts(tmp_path):
    limits = {"job/cpu.max": "300000 100000", "job/step/cpu.max": "max 100000", "cpu.max": "500000 100000"}
    assert cores(tmp_path, "0::/job/step\n", **limits) == 3


@pytest.mark.parametrize("quota, expected", [("250000", 3), ("-1", 8)])
def test_groups_of_version_1(quota, expected, tmp_path):
    folder = "cpu,cpuacct/docker/0f3"
    limits = {f"{folder}/cpu.cfs_quota_us": f"{quota}\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    membership = "5:memory:/docker/0f3\n4:cpu,cpuacct:/docker/0f3\n0::/docker/0f3\n"
    assert cores(tmp_path, membership, **limits) == expected


def test_what_cannot_be_read_is_no_limit(tmp_path):
    (tmp_path / "groups/cpu.max").mkdir(parents=True)
    assert cores(tmp_path, "0::/\n") == 8
    assert usable_cores(tmp_path / "absent", tmp_path / "absent") == 8


def test_no_more_processes_make_batches_than_may_run(monkeypatch):
    monkeypatch.setattr("dancenow.training.loading.usable_cores", lambda: 3)
    assert loaders() == 2
