"""Which GPU a process uses, on stand-ins for torch.cuda."""

import logging
import os
import subprocess
import sys

import pytest
import torch

from dancenow import gpus, parallel
from dancenow.device import pick_device
from dancenow.gpus import has_nvidia_gpu, usable_gpus
from dancenow.machine.hardware import look
from dancenow.training.launch import choose_devices
from running import ROOT

# without torch itself, whose import takes longer than all else
HOLDER = """
import os, sys, logging
from types import SimpleNamespace
logging.basicConfig(format="%(message)s", level="INFO", stream=sys.stdout)
seen = [name.replace("GPU-three", "3") for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",")]
properties = lambda number: SimpleNamespace(uuid="of-" + seen[number])
cuda = SimpleNamespace(device_count=lambda: 2, get_device_properties=properties)
sys.modules["torch"] = SimpleNamespace(cuda=cuda)
from dancenow import gpus
print("took", gpus.own_gpu((0, 1)), flush=True)
sys.stdin.read()
"""


def holder(folder, **environment):
    """Another job: a process that takes a GPU of two and keeps it, and what it has logged; it must live."""
    environment |= {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT / "workflow_scripts")}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    lines = []
    for line in process.stdout:  # ends with the process
        lines.append(line.strip())
        if line.startswith("took"):
            return process, lines
    raise AssertionError(f"ended with {process.wait()} before it had a GPU: {lines}")


def test_a_job_that_dies_before_it_has_a_gpu_is_not_waited_for(tmp_path):
    with pytest.raises(AssertionError, match="ended with 1 before it had a GPU"):
        holder(tmp_path, CUDA_VISIBLE_DEVICES="3")


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
        jobs[1][0].kill()
        jobs[1][0].wait()
        jobs.append(holder(tmp_path, CUDA_VISIBLE_DEVICES="GPU-three,5"))  # 3 is taken, whatever its name
        assert jobs[4][1][-1] == "took 1"
    finally:
        for process, _ in jobs:
            process.kill()
            process.communicate()


def test_where_no_file_can_be_locked_jobs_share_a_gpu_and_say_so(tmp_path):
    (tmp_path / f"dancenow-gpus-{os.getuid()}").write_text("no folder")
    process, (told, took) = holder(tmp_path, CUDA_VISIBLE_DEVICES="3,5")
    process.communicate()
    assert took == "took 0"
    assert "(File exists), so jobs side by side share GPU 3; set TMPDIR to a folder on a local disk" in told


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
        (True, "-1", "12.8", ""),
        (True, "NoDevFiles", "12.8", ""),
        (True, "7", "12.8", "or CUDA_VISIBLE_DEVICES=7 none of its GPUs?"),
        (True, "MIG-7a1/3/0", "12.8", "or CUDA_VISIBLE_DEVICES=MIG-7a1/3/0 none of its GPUs?"),
        (False, None, "12.8", ""),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_a_warning(monkeypatch, caplog, there, visible, cuda, told):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    monkeypatch.setattr(gpus, "has_nvidia_gpu", lambda: there)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert pick_device() == torch.device("cpu")
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == bool(told) and all(told in warning for warning in warnings)


# as a build for CUDA 13 lists them
BUILT = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120", "compute_120"]
CARDS = {
    "GTX 1080": (6, 1),
    "V100": (7, 0),
    "T4": (7, 5),
    "RTX 3090": (8, 6),
    "RTX 4090": (8, 9),
    "new": (13, 0),
}


@pytest.fixture
def cards(monkeypatch):
    """Give torch these GPUs, by the names of CARDS."""

    def given(*names, built=BUILT):
        monkeypatch.setattr("dancenow.device.own_gpu", lambda usable: usable[0])
        for name, answer in {
            "is_available": lambda: bool(names),
            "device_count": lambda: len(names),
            "get_device_capability": lambda number: CARDS[names[number]],
            "get_device_name": lambda number: names[number],
            "get_arch_list": lambda: built,
            "set_device": lambda number: None,
        }.items():
            monkeypatch.setattr(torch.cuda, name, answer)

    return given


def test_a_gpu_needs_a_build_of_torch_with_kernels_for_it(cards):
    cards(*CARDS)
    assert usable_gpus() == (2, 3, 4, 5)
    cards(*CARDS, built=[*BUILT[:-1]])  # a later generation runs no machine code of earlier ones
    assert usable_gpus() == (2, 3, 4)
    for other in ([], ["gfx1100"]):  # AMD's lists other names, and says itself what it cannot run
        cards(*CARDS, built=other)
        assert usable_gpus() == tuple(range(6))


def test_a_card_that_torch_is_too_new_for_is_a_warning_and_the_cpu(cards, caplog):
    cards("GTX 1080", "V100")
    assert pick_device() == torch.device("cpu")
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "\n" not in record.message
    assert "no kernels for the GPU GTX 1080 (sm_61), V100 (sm_70), so the CPU is used" in record.message
    assert "is for sm_75 sm_80" in record.message
    assert choose_devices("auto", 4) == 1 and choose_devices(2, 4) == 2


def test_a_driver_that_has_failed_is_a_warning_and_the_cpu(cards, monkeypatch, caplog):
    def fail(number):
        raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment\nmore")

    cards("T4")
    monkeypatch.setattr(torch.cuda, "get_device_capability", fail)
    assert pick_device() == torch.device("cpu") and choose_devices("auto", 4) == 1
    (record,) = caplog.records
    assert record.levelno == logging.WARNING and "\n" not in record.message
    assert "the GPU cannot be used (CUDA unknown error" in record.message


def test_an_old_card_beside_a_new_one_is_left_out(cards, monkeypatch):
    cards("GTX 1080", "RTX 3090", "T4")
    assert pick_device() == torch.device("cuda", 1)
    assert choose_devices("auto", 4) == 2
    monkeypatch.setattr("dancenow.machine.hardware.free_memory", lambda _: 0)
    for number, names in ((1, ["RTX 3090", "T4"]), (2, ["T4", "RTX 3090"])):
        assert look(torch.device("cuda", number)).cards == names  # first the one that is measured
    monkeypatch.setenv("LOCAL_RANK", "1")  # the second process of a training
    assert pick_device() == torch.device("cuda", 2)


@pytest.mark.parametrize(("names", "backend"), [(["GTX 1080"], "gloo"), (["T4"], "nccl"), ([], "gloo")])
def test_processes_on_cpus_meet_as_such(cards, monkeypatch, names, backend):
    joined = []
    cards(*names)
    monkeypatch.setattr(parallel.distributed, "init_process_group", joined.append)
    monkeypatch.setattr(parallel.distributed, "destroy_process_group", lambda: None)
    with parallel.process_group():
        pass
    assert joined == [backend]


def test_a_mac_is_told_that_its_cpu_is_used(monkeypatch, caplog):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device() == torch.device("cpu")
    assert [record.message for record in caplog.records] == [
        "the networks do not run on Apple's GPUs, so the CPU is used; there is nothing to set"
    ]
