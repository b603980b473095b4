"""What is set for a CPU and for a GPU, which need not be there for that."""

import resource
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest
import torch

from dancenow import device
from dancenow.device import exact_float32, peak_memory, precision_name, prepare, prepare_exact

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


@pytest.mark.parametrize(("system", "unit"), [("linux", 1024), ("darwin", 1)])
def test_the_peak_is_in_bytes_whatever_the_system_counts(monkeypatch, system, unit):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(resource, "getrusage", lambda _: SimpleNamespace(ru_maxrss=7))
    assert peak_memory(torch.device("cpu")) == 7 * unit
