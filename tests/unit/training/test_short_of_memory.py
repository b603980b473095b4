"""Memory that runs out in a step: one line with the remedy, and the checkpoint stays."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch

import tiny_training
from dancenow.training import launch, train_target, trainer
from dancenow.training.dataset import ClipSampler
from dancenow.training.paths import StageInputs, StageOutputs
from running import ROOT

STEP = trainer.Trainer.train_step
# as torch says it of a GPU, and what it really does on a CPU
SHORT = {
    "cuda": "raise torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 2.00 GiB.')",
    "cpu": "torch.empty(2**50)",
}
# in one process of two, before anything of the workflow runs there
ONE_OF_TWO = """
import os
if os.environ.get("RANK") == "1":
    import torch
    from dancenow.training import trainer
    step = trainer.Trainer.train_step
    def short(trainer, batch):
        if trainer.step == 2:
            torch.empty(2**50)
        return step(trainer, batch)
    trainer.Trainer.train_step = short
"""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    tiny_training.write_inputs(folder)
    return folder


@pytest.mark.parametrize("short", SHORT.values(), ids=SHORT)
def test_a_step_without_memory_is_one_line_and_the_checkpoint_stays(inputs, tmp_path, monkeypatch, short):
    monkeypatch.setattr("dancenow.training.loop.SAVE_SECONDS", -1)
    monkeypatch.setattr("dancenow.training.loop.OVERHEAD_SHARE", 1e9)

    def step(trainer, batch):
        if trainer.step == 3:
            exec(short, {"torch": torch})
        return STEP(trainer, batch)

    monkeypatch.setattr(trainer.Trainer, "train_step", step)
    with pytest.raises(SystemExit) as end:
        tiny_training.train(inputs, tmp_path)
    log = (tmp_path / "train.log").read_text()
    last = tmp_path / "model/run/last.pt"
    (line,) = [line for line in log.splitlines() if line.startswith("error:")]
    assert end.value.code == 1 and "memory ran out" in line and "Traceback" not in log
    assert f"the last good checkpoint is {last}, step 3" in line
    assert all(key in line for key in ("train.batch", "frames.long_edge", "channels"))
    assert torch.load(last, weights_only=True)["step"] == 3


def test_a_batch_that_does_not_fit_is_refused_before_it_is_made(inputs, tmp_path, monkeypatch):
    monkeypatch.setitem(tiny_training.SETTINGS, "batch", 60_000)
    monkeypatch.setattr("dancenow.training.train_target.free_memory", lambda _: 2**28)
    made, row = [], ClipSampler._row
    monkeypatch.setattr(ClipSampler, "_row", lambda *given: made.append(given) or row(*given))
    with pytest.raises(SystemExit):
        tiny_training.train(inputs, tmp_path)
    assert "train.batch: a training step with batch 60000 takes" in (tmp_path / "train.log").read_text()
    assert len(made) == train_target.COUNTED


def test_what_the_count_refuses_can_be_tried(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr("dancenow.training.train_target.free_memory", lambda _: 1)
    with pytest.raises(SystemExit):
        tiny_training.train(inputs, tmp_path)
    assert "set hardware.check_memory to false" in (tmp_path / "train.log").read_text()
    assert not (tmp_path / "model").exists()
    monkeypatch.setitem(tiny_training.SETTINGS, "steps", 2)
    tiny_training.train(inputs, tmp_path, check_memory=False)
    assert "continuing because hardware.check_memory is false: " in (tmp_path / "train.log").read_text()


def test_in_one_process_of_two_it_is_said_as_well(inputs, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(ONE_OF_TWO)
    path = [tmp_path, *(ROOT / name for name in ("workflow_scripts", "tests", "tests/unit"))]
    program = "import sys, pathlib, tiny_training; tiny_training.train(*map(pathlib.Path, sys.argv[1:]), 2)"
    completed = subprocess.run(
        [sys.executable, "-c", program, str(inputs), str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path)), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    log = (tmp_path / "train.log").read_text()
    assert completed.returncode == 1 and log.count("memory ran out") == 1, completed.stderr
    assert "Traceback" not in log and "this is a bug" not in log


def test_files_and_settings_reach_several_processes_as_they_are(tmp_path, monkeypatch):
    tasks, seen = [], []
    monkeypatch.setattr(launch, "run_agent", lambda path: tasks.append(json.loads(path.read_text())))
    inputs = StageInputs.of(tiny_training.INPUTS | {"background": []})
    outputs, settings = StageOutputs.of(tiny_training.OUTPUTS), tiny_training.settings()
    placement = launch.Placement(threads=2, devices=2, check_memory=False)
    launch.train_on_devices(inputs, outputs, settings, 0.2, placement, tmp_path / "log")
    monkeypatch.setattr(launch, "train_target", lambda *given: seen.append(given))
    monkeypatch.setattr(launch.parallel, "process_group", nullcontext)
    (tmp_path / "task.json").write_text(json.dumps(tasks[0]))
    launch.work(tmp_path / "task.json")
    assert seen == [(inputs, outputs, settings, 0.2, 1, False)] and inputs.background is None
