"""The enhancer's and the face's trainings killed, each attempt in a process of its own."""

import random
import signal

import pytest
from test_killed_training import SEED, History

from tiny_training import write_inputs, write_stage_before

LATER = ("enhancer", "face")
RANDOM = random.Random(SEED)


def attempts(stage):
    """{folder: attempts}: one that nobody disturbs, and one that is killed at random steps and places."""
    places = ("step", "save", "rename")
    # of the five steps at most three are saved before the last of these
    kills = [(RANDOM.choice(places), RANDOM.randint(1, 2)), (RANDOM.choice(places), 1), ("step", 2)]
    lines = [{"place": place, "count": count, "number": signal.SIGKILL} for place, count in kills]
    folders = {f"{stage}.whole": [{}], f"{stage}.killed": [*lines, {}]}
    return {folder: [{"stage": stage} | line for line in lines] for folder, lines in folders.items()}


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    base = tmp_path_factory.mktemp("stages")
    write_inputs(base)
    write_stage_before(base)
    return History(base, attempts("enhancer") | attempts("face"))


@pytest.mark.parametrize("stage", LATER)
def test_killed_at_random_steps_it_ends_with_the_same_bytes(history, stage):
    said = history.said[f"{stage}.killed"]
    assert history.statuses[f"{stage}.whole"] == [0], history.said[f"{stage}.whole"]
    assert history.statuses[f"{stage}.killed"] == [-signal.SIGKILL] * 3 + [0], (said, SEED)
    assert "resuming at step" in said, SEED
    history.check_same_bytes(f"{stage}.killed", f"{stage}.whole")
