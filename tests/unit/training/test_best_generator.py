import errno

import pytest
import torch

from dancenow.model.checkpoint import load_generator
from dancenow.model.networks import Generator
from dancenow.training.best_generator import BestGenerator

NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1}


class Stage:
    """What a BestGenerator looks at of a Trainer."""

    def __init__(self, step, error):
        torch.manual_seed(step)
        self.average, self.step, self.error = Generator(**NETWORK), step, error


def test_the_lowest_error_is_kept_over_a_stop(tmp_path):
    stages = [Stage(step, error) for step, error in ((1, 9.0), (2, 7.0), (3, 8.0), (4, 6.5), (5, 6.5))]
    for stage in stages:
        # a new one each time: nothing is remembered but the file
        best = BestGenerator(
            tmp_path / "best.safetensors", lambda stage: stage.error, {"network": NETWORK}, None
        )
        best(stage)
    assert best.facts() == {"best_step": 4, "best_error": 6.5}
    kept = load_generator(tmp_path / "best.safetensors")[0].state_dict()
    assert all(torch.equal(value, kept[name]) for name, value in stages[3].average.state_dict().items())


def test_a_damaged_best_is_named_and_replaced_and_an_unreadable_one_is_left_alone(
    tmp_path, caplog, monkeypatch
):
    path = tmp_path / "best.safetensors"
    best = BestGenerator(path, lambda stage: stage.error, {"network": NETWORK}, None)
    best(Stage(1, 5.0))
    whole = path.read_bytes()

    def fail(path):
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    with monkeypatch.context() as patched:
        patched.setattr("dancenow.model.checkpoint.read_through", fail)
        with pytest.raises(OSError, match="Stale"):
            best(Stage(2, 4.0))
    assert path.read_bytes() == whole
    path.write_bytes(whole[:-100])
    best(Stage(2, 6.0))
    assert f"{path}: not a generator file" in caplog.text and "takes its place" in caplog.text
    assert best.facts() == {"best_step": 2, "best_error": 6.0}
