"""A wall clock that jumps while a job runs decides nothing: durations are measured by the monotonic one."""

import ast
import itertools
import os
import time

import pytest
import torch

from dancenow.job import job
from running import ROOT
from tiny_trainers import make, run, weights

# What reads the date, and why it may.
BY_DATE = {
    "files.py": "brings dates in the future back to now",
    "job.py": "notices that the clock was set back",
    "planning/consent.py": "a consent ends on a day",
    "planning/reruns.py": "a file's date is part of the key of its cached hash",
    "provenance/keys.py": "a certificate is valid between two days",
    "training/event_files.py": "TensorBoard shows when an event was written",
}
WALL = {
    "datetime.datetime.now",
    "time.time",
    "time.time_ns",
    "time.localtime",
    "time.gmtime",
    "time.strftime",
    "time.ctime",
}
DATES = {"utcnow", "today", "st_mtime", "st_mtime_ns", "st_ctime", "st_ctime_ns", "getmtime", "utime"}


def reads_the_date(path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imported = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    names = [node for node in nodes if isinstance(node, ast.Attribute)]
    return bool(imported & {"time", "datetime"}) or any(
        ast.unparse(name) in WALL or name.attr in DATES for name in names
    )


def test_only_what_is_about_dates_reads_them():
    library = ROOT / "workflow_scripts/dancenow"
    found = {str(path.relative_to(library)) for path in library.rglob("*.py") if reads_the_date(path)}
    assert found == BY_DATE.keys()


@pytest.fixture
def jumping(monkeypatch):
    """A wall clock that is a year ahead or behind at every look."""
    year = itertools.cycle([0, 365 * 86400, -365 * 86400])
    honest = time.time
    monkeypatch.setattr(time, "time", lambda: honest() + next(year))


def test_a_training_saves_and_ends_the_same_by_a_clock_that_jumps(tmp_path, request):
    ended = []
    for name in ("steady", "jumps"):
        if name == "jumps":
            request.getfixturevalue("jumping")
        trainer = make()
        losses, seconds, _ = run(trainer, tmp_path / name)
        assert 0 < seconds < 600
        ended.append((weights(trainer), losses.read_bytes()))
    (steady, losses), (jumps, others) = ended
    assert torch.equal(steady, jumps) and losses == others


@pytest.mark.parametrize("back", [3600, 0])
def test_what_was_written_before_the_clock_was_set_back_gets_the_new_date(
    back, tmp_path, monkeypatch, caplog
):
    """Snakemake would take the job's outputs for older than its inputs, and delete them."""
    monkeypatch.chdir(tmp_path)
    honest = time.time
    written = tmp_path / "results/clips/alice.json"
    written.parent.mkdir(parents=True)
    written.write_text("[]")
    earlier = honest() + 1800 if back else honest() - 1800
    os.utime(written, (earlier, earlier))
    monkeypatch.setattr(time, "time", lambda: honest() + back)
    with job(tmp_path / "log"):
        monkeypatch.setattr(time, "time", honest)
    assert (written.stat().st_mtime <= honest()) and (written.stat().st_mtime == earlier) == (not back)
