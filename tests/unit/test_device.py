"""What is set for a CPU and for a GPU, which need not be there for that."""

import logging
import os
import subprocess
import sys
from contextlib import suppress

import pytest
import torch

from dancenow import device
from dancenow.device import exact_float32, has_nvidia_gpu, pick_device, precision_name, prepare, prepare_exact
from running import ROOT

CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def as_before():
    yield
    torch.backends.cuda.matmul.allow_tf32 = False
    prepare(torch.device("cpu"), 1)


@pytest.mark.parametrize(("bfloat16", "name"), [(True, "bfloat16"), (False, "float16")])
def test_a_gpu_gets_the_fastest_kernels_in_a_precision_that_it_has(monkeypatch, bfloat16, name):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bfloat16)
    autocast = prepare(CUDA, 1)
    assert precision_name(autocast) == name and autocast["device_type"] == "cuda"
    assert not torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.benchmark
    assert torch.backends.cuda.matmul.allow_tf32 and torch.backends.cudnn.allow_tf32


@pytest.mark.parametrize(("fast", "name"), [(True, "bfloat16"), (False, "float32")])
def test_a_cpu_gets_deterministic_kernels(monkeypatch, fast, name):
    monkeypatch.setattr(device, "has_fast_bf16", lambda _: fast)
    assert precision_name(prepare(torch.device("cpu"), 1)) == name
    assert torch.are_deterministic_algorithms_enabled() and not torch.backends.cudnn.benchmark


def test_what_measures_takes_no_short_cut_whoever_prepared_before():
    prepare(CUDA, 1)
    prepare_exact(CUDA, 1)
    assert not torch.backends.cuda.matmul.allow_tf32 and not torch.backends.cudnn.allow_tf32
    assert not torch.are_deterministic_algorithms_enabled()  # of which a GPU has not all
    prepare_exact(torch.device("cpu"), 1)
    assert torch.are_deterministic_algorithms_enabled()


def test_tf32_is_off_inside_and_as_before_after_a_failure_too():
    prepare(CUDA, 1)
    flags = torch.backends.cuda.matmul, torch.backends.cudnn
    with suppress(ValueError), exact_float32():
        assert not any(flag.allow_tf32 for flag in flags)
        raise ValueError
    assert all(flag.allow_tf32 for flag in flags)


@pytest.mark.parametrize(
    ("able", "limit", "fast"),
    [
        (True, None, True),
        (False, None, False),
        (True, "avx2", False),
        (True, "AVX512_CORE", False),
        (True, "AVX512_CORE_BF16", True),
    ],
)
def test_bfloat16_needs_the_processors_flag_and_a_library_that_may_use_it(monkeypatch, able, limit, fast):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: able)
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.delenv("DNNL_MAX_CPU_ISA", raising=False)
    if limit:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert device.has_fast_bf16(torch.device("cpu")) is fast


HOLDER = """
import sys, torch, logging
from dancenow import device
logging.basicConfig(format="%(message)s", level="INFO", stream=sys.stdout)
torch.cuda.device_count = lambda: 2
print("took", device.own_gpu(), flush=True)
sys.stdin.read()
"""


def holder(folder, **environment):
    """Another job: a process that takes a GPU of two and keeps it, and what it has logged."""
    environment |= {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "workflow_scripts")}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = []
    while not lines or not lines[-1].startswith("took"):
        lines.append(process.stdout.readline().strip())
    return process, lines


def test_jobs_side_by_side_have_different_gpus_and_give_them_back_when_they_are_killed(tmp_path):
    jobs = [holder(tmp_path, CUDA_VISIBLE_DEVICES=seen) for seen in ("3,5", "3,5", "5,3")]
    try:
        assert [lines[-1] for _, lines in jobs] == ["took 0", "took 1", "took 0"]
        assert jobs[0][1][0] == "GPU 3 of 3, 5; idle: 5; use all with --resources gpu=2"
        assert jobs[1][1][0] == "GPU 5 of 3, 5"
        assert "all GPUs (5, 3) are in use" in jobs[2][1][0]
        jobs[0][0].kill()
        jobs[0][0].wait()
        jobs.append(holder(tmp_path, CUDA_VISIBLE_DEVICES="5,3"))  # 3 is free again, whatever its number
        assert jobs[3][1][-1] == "took 1"
    finally:
        for process, _ in jobs:
            process.kill()
            process.communicate()


def test_a_gpu_is_known_by_its_file(tmp_path):
    (tmp_path / "nvidiactl").touch()
    assert not has_nvidia_gpu(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert has_nvidia_gpu(tmp_path)


@pytest.mark.parametrize(
    ("there", "visible", "cuda", "told"),
    [
        (True, None, "12.8", "is the driver older"),
        (True, None, None, "built without CUDA"),
        (True, "", "12.8", ""),  # hidden on purpose
        (False, None, "12.8", ""),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_a_warning(monkeypatch, caplog, there, visible, cuda, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(device, "has_nvidia_gpu", lambda: there)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert pick_device() == torch.device("cpu")
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == bool(told) and all(told in warning for warning in warnings)
