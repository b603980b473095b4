import os
import subprocess
import sys

import pytest
import torch

import parallel_worker
from dancenow.errors import InputError
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.launch import choose_devices
from performers import footage, performer
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


def check_same_step(one, other):
    """The same losses and gradients, after one step from the same state, on any CPU.

    Weights cannot be compared: Adam takes a step of the learning rate along a gradient of any size, also one
    that is the rounding of sums alone, as of every bias in front of an instance normalisation.
    """
    assert one["losses"][0] == pytest.approx(other["losses"][0], rel=1e-4)
    assert one["gradients"].keys() == other["gradients"].keys()
    for network in ("generator", "discriminator"):
        pair = [
            torch.cat([torch.zeros(1), *(g.flatten() for n, g in each["gradients"].items() if network in n)])
            for each in (one, other)
        ]
        # rounding makes 2e-6; a process that keeps its half of the batch to itself makes 0.09 and more
        assert (pair[0] - pair[1]).norm() <= 1e-3 * pair[0].norm()


def test_two_processes_with_half_the_batch_each_are_one_with_the_whole(tmp_path):
    """A step on single frames, from the start, and one on pairs, from a checkpoint that one has written."""
    alone = {}
    for start, stop in ((0, 1), (0, 2), (2, 3)):
        parallel_worker.train(tmp_path, start, stop)
        (tmp_path / f"{stop}.rank0.pt").rename(tmp_path / f"{stop}.pt")
        alone[stop] = torch.load(tmp_path / f"{stop}.pt", weights_only=True)
    torchrun(tmp_path, "0-1", "2-3")
    for stop in (1, 3):
        ranks = [torch.load(tmp_path / f"{stop}.rank{rank}.pt", weights_only=True) for rank in (0, 1)]
        check_same_step(alone[stop], ranks[0])
        # both step from the same gradients, to the bit, or they would drift apart
        for name in ("generator", "discriminator"):
            assert all(torch.equal(value, ranks[1][name][key]) for key, value in ranks[0][name].items())
    assert any(name.startswith("discriminator") for name in alone[3]["gradients"])


def test_shares_of_a_batch_are_the_batch():
    pose = performer(16)
    frames = footage(pose)

    def sampler(share):
        given = TrainingFootage(frames, pose, frames[0], [(64, 64), (96, 96)], 16)
        return ClipSampler(given, 4, 3, share=share)

    for number in range(3):
        whole, *halves = (sampler(share)(number) for share in ((0, 1), (0, 2), (1, 2)))
        for name, value in whole.items():
            assert torch.equal(value, torch.cat([half[name] for half in halves]))


def test_devices_are_as_many_as_share_a_batch_evenly(monkeypatch):
    assert choose_devices("auto", 4) == 1
    assert choose_devices(2, 4) == 2
    monkeypatch.setattr("dancenow.training.launch.usable_gpus", lambda: range(4))
    assert [choose_devices("auto", batch) for batch in (1, 2, 3, 4, 6, 8)] == [1, 2, 3, 4, 3, 4]
    with pytest.raises(InputError, match=r"hardware\.devices: 8 requested, 4 usable"):
        choose_devices(8, 8)
    with pytest.raises(InputError, match=r"hardware\.devices: 2 devices cannot share a train\.batch of 3"):
        choose_devices(2, 3)
