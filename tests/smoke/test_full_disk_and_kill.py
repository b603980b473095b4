"""A disk without room, and jobs that are killed: nothing partial, nothing lost, and it goes on."""

import json
import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import killed_stages
import numpy as np
import pytest
import torch
from bad_inputs import FULL_DISK

from clips import ffmpeg
from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.job import job
from dancenow.model.checkpoint import save_generator
from dancenow.model.networks import Generator
from dancenow.provenance.xmp import C2PA_BOX, boxes
from dancenow.video.frames import FrameStore
from running import ROOT, fork_snakemake, run_snakemake, said

SMALL = 16 << 10
NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1, "unshuffle": 1, "skips": True, "background": True,
           "references": True}  # fmt: skip


@contextmanager
def little_room(folder):
    """No file of SMALL bytes fits into `folder`: a small tmpfs, or a limit on every file's size.

    Who may not mount is given the limit, which fails in the same system call with another number.
    """
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(folder)]
    mounted = shutil.which("mount") and not subprocess.run(command, capture_output=True).returncode
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if not mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, limits[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("row", FULL_DISK, ids=lambda row: row.name)
def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path, row):
    folder = tmp_path / "full"
    with little_room(folder):
        (folder / "earlier.json").write_text("{}")
        with pytest.raises(InputError) as error:
            row.make(folder)
        assert row.matches(str(error.value).replace(f"{folder}/", "")), error.value
        assert [path.name for path in folder.iterdir()] == ["earlier.json"]
        assert (folder / "earlier.json").read_text() == "{}"


def test_a_full_disk_under_the_workflow_is_one_line(tmp_path):
    """The real command, with results/ on the small disk; or, without the right to mount, under the limit."""
    (tmp_path / "clips").mkdir()
    noise = "-f lavfi -i nullsrc=s=96x96:r=25:d=0.4,geq=random(1)*255:128:128 -pix_fmt yuv420p -crf 45"
    ffmpeg(noise, tmp_path / "clips/a.mp4")
    with little_room(tmp_path / "results"):
        completed = run_snakemake(
            tmp_path,
            "results/frames/a.json",
            "--config",
            "preset=smoke",
            "subjects={a: {video: clips/a.mp4}}",
        )
        left = [str(path.relative_to(tmp_path)) for path in (tmp_path / "results").rglob("*.*")]
    assert completed.returncode == 1
    (line,) = {line for line in completed.stderr.splitlines() if line.startswith("error: ")}
    assert line.startswith("error: results/frames/a.avi: cannot be written after frame "), said(completed)
    assert line.endswith("is the disk full?")
    assert left == ["results/clips/a.json"]


def test_any_other_write_to_a_full_disk_is_one_line_too(tmp_path):
    with pytest.raises(SystemExit) as ended, job(tmp_path / "log"):
        Path("/dev/full").write_text("x")
    assert ended.value.code == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith("error: ") and "No space left" in line and "free space" in line


def test_a_full_disk_whose_file_is_not_told_is_named(tmp_path, monkeypatch, capfd):
    """As of a training's losses, and with a log on the same disk."""
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    told = {"results": 0, ".": 2**40}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=told[path]))
    with pytest.raises(SystemExit), job("/dev/full"), open("/dev/full", "w") as file:
        file.write("x")
    wanted = "error: results: No space left on device; free space there and run again, nothing is lost"
    assert capfd.readouterr().err.splitlines() == [wanted]
    (log,) = (each for each in logging.root.handlers if isinstance(each, logging.FileHandler))
    logging.root.removeHandler(log)  # the next job would close it, which fails
    with suppress(OSError):
        log.close()


def test_leftovers_of_the_same_file_go_but_not_those_of_a_living_process(tmp_path):
    dead = tmp_path / ".partial-a.npz-0a1b2c_d.npz"
    other = tmp_path / ".partial-a-b.npz-0a1b2c_d.npz"
    for path in (dead, other):
        path.touch()
    with atomic_path(tmp_path / "a.npz") as living, atomic_path(tmp_path / "a.npz") as second:
        assert living.exists() and living != second and not dead.exists() and other.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"a.npz", other.name}


@pytest.fixture(scope="module")
def stages(tmp_path_factory, data):
    """What killed_stages reports, and its two folders."""
    base = tmp_path_factory.mktemp("stages")
    folders = [base / "killed", base / "whole"]
    torch.manual_seed(0)
    size = killed_stages.LONG_EDGE
    described = {
        "network": NETWORK,
        "sizes": [[96, 128]],
        "width": size,
        "height": size,
        "seed": 0,
        "step": 1,
    }
    weights = Generator(**NETWORK).state_dict()
    for folder in folders:
        (folder / "clips").mkdir(parents=True)
        ffmpeg("-i", data / "brunomars.mp4", "-t 0.24 -crf 20 -c:a copy", folder / killed_stages.CLIP)
        background = np.full((size, size, 3), 90, np.uint8)
        save_generator(folder / killed_stages.GENERATOR, weights, described, background)
    path = os.pathsep.join(str(ROOT / name) for name in ("workflow_scripts", "tests", "tests/unit"))
    completed = subprocess.run(
        [sys.executable, str(ROOT / "tests/smoke/killed_stages.py"), *map(str, folders)],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    return *json.loads(completed.stdout), folders


@pytest.mark.parametrize("rule", killed_stages.STAGES)
def test_a_stage_killed_in_its_middle_leaves_no_result_and_then_ends_with_the_same_bytes(stages, rule):
    told, whole, folders = stages
    assert set(whole) == {0}, (folders[1] / "said").read_text()
    made = set(killed_stages.STAGES[rule][1].values())
    before, between, after = (told[rule][when] for when in ("before", "between", "after"))
    assert told[rule]["statuses"] == [-signal.SIGKILL, 0], (folders[0] / "said").read_text()
    assert {path: between[path] for path in before} == before
    assert not made & between.keys()
    assert {path: after[path] for path in before} == before
    assert after.keys() == before.keys() | made, "something partial is left"
    for path in made:
        same = [without_signature(folder / path) for folder in folders]
        assert same[0] == same[1]


def without_signature(path):
    """The bytes of a file; of a signed result its picture and sound, for no two signatures are equal."""
    found = boxes(path)
    if not any(number == C2PA_BOX for _, number, _, _ in found):
        return path.read_bytes()
    media = [path.read_bytes()[start : start + size] for kind, _, start, size in found if kind == b"mdat"]
    assert media
    return media


def test_snakemake_killed_with_its_jobs_is_unlocked_and_goes_on(tmp_path):
    (tmp_path / "clips").mkdir()
    ffmpeg(
        "-f lavfi -i testsrc=s=64x64:r=25:d=40 -preset ultrafast -pix_fmt yuv420p", tmp_path / "clips/a.mp4"
    )
    wanted = ("results/frames/a.json", "--config", "preset=smoke", "subjects={a: {video: clips/a.mp4}}")
    command = [sys.executable, "-m", "snakemake", "-s", f"{ROOT}/Snakefile", "--directory", str(tmp_path)]
    nothing = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*command, "--cores", "1", *wanted], start_new_session=True, **nothing)
    try:
        while not list((tmp_path / "results").glob("frames/.partial-a.avi-*")):
            assert process.poll() is None, "snakemake ended before it extracted"
            time.sleep(0.002)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "results/frames/a.avi").exists()
    locked = fork_snakemake(tmp_path, *wanted)
    assert locked.returncode == 1 and "--unlock" in said(locked)
    assert fork_snakemake(tmp_path, "--unlock", cores=None).returncode == 0
    again = fork_snakemake(tmp_path, *wanted)
    assert again.returncode == 0, said(again)
    assert len(FrameStore(tmp_path / "results/frames/a.avi")) == 1000
    assert not list(tmp_path.rglob(".partial*"))
