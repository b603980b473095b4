"""Trainings that are killed and stopped, each attempt in a process of its own."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest

from dancenow.files import read_json
from dancenow.model.checkpoint import load_generator
from dancenow.stopping import EXIT_STATUS
from events import scalars
from running import ROOT
from tiny_training import OUTPUTS, STEPS, write_inputs

PLACES = [("save", 1), ("step", 3), ("save", 2), ("rename", 2), ("step", 1), ("end", 1)]
# another one each time: the byte identity must hold whatever it is
SEED = random.SystemRandom().randrange(10**6)
RANDOM = random.Random(SEED)
ATTEMPTS = {
    "whole": [{}],
    "killed": [{"place": place, "count": count, "number": signal.SIGKILL} for place, count in PLACES] + [{}],
    # in shares of the time that the first training took
    "random": [{"after": RANDOM.uniform(0.05, 0.6)} for _ in range(4)] + [{}],
    "SIGTERM": [{"place": "step", "count": 3, "number": signal.SIGTERM}, {}],
    "SIGUSR1": [{"place": "step", "count": 3, "number": signal.SIGUSR1}, {}],
}


class History:
    """What attempts did: .statuses, exit statuses (negative: signals) by folder; .said, their stderr."""

    def __init__(self, base, attempts):
        self.base = base
        script = [{"folder": folder} | line for folder, lines in attempts.items() for line in lines]
        path = os.pathsep.join(str(ROOT / name) for name in ("workflow_scripts", "tests", "tests/unit"))
        completed = subprocess.run(
            [sys.executable, str(ROOT / "tests/unit/tiny_training.py"), str(base), json.dumps(script)],
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert completed.returncode == 0, completed.stderr
        statuses = iter(json.loads(completed.stdout))
        self.statuses = {folder: [next(statuses) for _ in lines] for folder, lines in attempts.items()}
        self.said = {folder: (base / folder / "said").read_text() for folder in attempts}

    def check_same_bytes(self, folder, whole="whole"):
        for name in ("generator", "best", "losses", "progress", "video"):
            one, other = (self.base / each / OUTPUTS[name] for each in (whole, folder))
            assert one.read_bytes() == other.read_bytes(), (folder, name, SEED)


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    base = tmp_path_factory.mktemp("training")
    write_inputs(base)
    return History(base, ATTEMPTS)


def test_a_finished_training_leaves_its_outputs_and_no_checkpoint(history):
    assert history.statuses["whole"] == [0], history.said["whole"]
    folder = history.base / "whole"
    assert len((folder / OUTPUTS["losses"]).read_text().splitlines()) == STEPS
    facts = read_json(folder / OUTPUTS["training"])
    assert facts["processes"] == 1 and facts["seconds"] > 0 and facts["peak_memory_gb"] > 0.05
    assert 0 <= facts["waiting_percent"] < 100
    assert facts["best_step"] == load_generator(folder / OUTPUTS["best"])[1]["step"]
    assert {path.name for path in (folder / "model/run").iterdir()} == {
        "previews",
        "losses.jsonl",
        "tensorboard",
    }


def test_rate_time_left_memory_and_losses_stand_in_plain_lines(history):
    log = (history.base / "whole/train.log").read_text()
    (line,) = [line for line in log.splitlines() if f"{STEPS}/{STEPS} [" in line]
    # a machine that is busy takes more than a second for a step
    assert ("step/s" in line or "s/step" in line) and " GB gan " in line
    assert "\r" not in log and "\x1b" not in log


def test_killed_anywhere_it_ends_with_the_same_bytes(history):
    said = history.said["killed"]
    assert history.statuses["killed"] == [-signal.SIGKILL] * len(PLACES) + [0], said
    history.check_same_bytes("killed")
    steps = [step for step, _ in scalars(history.base / "killed/model/run/tensorboard")["loss/l1"]]
    assert steps == list(range(1, STEPS + 1))
    # all but the first attempt found what was saved before
    assert said.count("resuming at step") == len(PLACES) - 1
    assert not list((history.base / "killed").rglob(".partial-*.pt"))


def test_killed_at_random_times_it_ends_with_the_same_bytes(history):
    statuses = history.statuses["random"]
    assert -signal.SIGKILL in statuses and set(statuses) <= {-signal.SIGKILL, 0} and statuses[-1] == 0, SEED
    history.check_same_bytes("random")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1"])
def test_asked_to_stop_it_leaves_with_its_own_status_and_goes_on(history, name):
    said = history.said[name]
    assert history.statuses[name] == [EXIT_STATUS, 0], said
    (line,) = [line for line in said.splitlines() if "asked to stop" in line]
    assert f"({name}) at step 3 of {STEPS}" in line and "enter the same command again to resume there" in line
    assert "resuming at step 3" in said
    history.check_same_bytes(name)
