"""benchmarks/gpu.py: every part of it on the CPU at a tiny size; no GPU is one line."""

import importlib.util
import subprocess
import sys

import pytest
import torch

from dancenow.device import prepare
from running import ROOT

CPU = torch.device("cpu")
SCRIPT = ROOT / "benchmarks/gpu.py"


@pytest.fixture(scope="module")
def gpu():
    spec = importlib.util.spec_from_file_location("gpu_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_row_is_measured_on_a_stand_in(gpu, monkeypatch):
    monkeypatch.setattr(gpu, "usable_cores", lambda: 1)
    found = dict(gpu.rows("smoke", CPU, (64, 96), (128, 64), (64, 96), 1, 64))
    prepare(CPU, 1)
    assert len(found) == 9
    assert "CPU / GPU" in found["smoke, pair step, 64x96"]
    assert found["painting 128x64 with the face"].endswith("frames/s")
    assert "batches/s" in found["loading 64x96, batch 4"]
    # one device agrees with itself, and two processes with one
    assert found["against the CPU, float32"].endswith("right")
    apart = float(found["two processes on this device, gradients"].split(" %")[0])
    assert apart < 0.1


def test_padding_by_slices_is_reflection(gpu):
    x = torch.randn(2, 3, 5, 7).to(memory_format=torch.channels_last)
    padded = gpu.padded_by_slices(x)
    assert torch.equal(padded, torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"))
    assert padded.is_contiguous(memory_format=torch.channels_last)


def test_without_a_gpu_it_ends_in_one_line(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    ended = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stderr == "no usable GPU: nothing is measured\n"
