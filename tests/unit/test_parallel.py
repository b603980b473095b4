import os
import subprocess
import sys

import pytest
import torch

import parallel_worker
from dancenow.dataset import ClipSampler
from dancenow.errors import InputError
from dancenow.launch import choose_devices
from figures import footage, performer
from running import ROOT


def torchrun(*arguments):
    path = os.pathsep.join(str(ROOT / name) for name in ("workflow_scripts", "tests", "tests/unit"))
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", "--local-addr", "localhost"]
    completed = subprocess.run(
        [*command, parallel_worker.__file__, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert completed.returncode == 0, completed.stderr


def weights(state):
    """Every generator and discriminator weight but the biases in front of an instance normalisation.

    It subtracts them again: their gradient is rounding alone, which Adam then scales up to a whole step.
    """
    modules = [state[name] for name in ("generator", "average", "discriminator")]
    kept = [value for module in modules for name, value in module.items() if not name.endswith("bias")]
    return torch.cat([value.flatten() for value in kept])


def check_same(one, other):
    assert (weights(one) - weights(other)).abs().max() < 2e-5
    for a, b in zip(one["losses"], other["losses"], strict=True):
        assert a == pytest.approx(b, rel=1e-4)


def test_two_processes_with_half_the_batch_each_are_one_with_the_whole(tmp_path):
    """From the start, and from a checkpoint that one process has written."""
    states = {}
    for start, stop in ((0, 2), (2, 4)):
        parallel_worker.train(tmp_path, start, stop)
        (tmp_path / f"{stop}.new.pt").rename(tmp_path / f"{stop}.pt")
        states[stop] = torch.load(tmp_path / f"{stop}.pt", weights_only=True)
    torchrun(tmp_path, "0-2", "2-4")
    for stop, state in states.items():
        check_same(state, torch.load(tmp_path / f"{stop}.new.pt", weights_only=True))


def test_shares_of_a_batch_are_the_batch():
    pose = performer(16)
    frames = footage(pose)

    def sampler(share):
        return ClipSampler(frames, pose, frames[0], [(64, 64), (96, 96)], 16, 4, 3, share=share)

    for number in range(3):
        whole, *halves = (sampler(share)(number) for share in ((0, 1), (0, 2), (1, 2)))
        for name, value in whole.items():
            assert torch.equal(value, torch.cat([half[name] for half in halves]))


def test_devices_are_as_many_as_share_a_batch_evenly(monkeypatch):
    assert choose_devices("auto", 4) == 1
    assert choose_devices(2, 4) == 2
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    assert [choose_devices("auto", batch) for batch in (1, 2, 3, 4, 6, 8)] == [1, 2, 3, 4, 3, 4]
    with pytest.raises(InputError, match=r"train\.devices: 8 asked for, 4 visible"):
        choose_devices(8, 8)
    with pytest.raises(InputError, match=r"train\.devices: 2 do not share a train\.batch of 3"):
        choose_devices(2, 3)
