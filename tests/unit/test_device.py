"""What is set for a CPU and for a GPU, which need not be there for that."""

import logging

import pytest
import torch

from dancenow import device
from dancenow.device import has_nvidia_gpu, pick_device, precision_name, prepare

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
