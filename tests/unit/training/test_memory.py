"""A training that does not fit says so before it starts: what it takes, and what is there."""

import resource
import subprocess
import sys

import pytest
import torch
import yaml
from torch import nn

from dancenow.cluster.resources import training_memory
from dancenow.errors import InputError
from dancenow.model.networks import parameter_count
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.training.memory import BESIDE, FRAGMENTED, StepMemory, check_room, count_step, free_memory
from dancenow.training.trainer import Trainer, new_networks
from running import ROOT
from tiny_training import SETTINGS, settings

GB = 2**30
CPU = torch.device("cpu")


def counted(size=(64, 64), batch=1, bfloat16=False, references=True, device="cpu", **changes):
    generator = changes.pop("generator", SETTINGS["generator"]) | {"references": references}
    chosen = settings(generator=generator, **changes)
    perceptual = PerceptualNetwork("test", [nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
    channels = {"skeleton": 3, "image": 3, "background": 3} | (
        {"reference": 4, "mask": 1} if references else {}
    )
    given = {name: torch.zeros(batch, 2, count, 8, 8) for name, count in channels.items()}
    make = lambda *where: Trainer(chosen, perceptual, *where, 10)  # noqa: E731
    return count_step(make, given, size, {"device_type": device, "enabled": bfloat16})


def test_networks_are_weights_gradients_moments_and_the_average():
    sizes = {"generator": SETTINGS["generator"] | {"channels": 16}}
    generator, discriminator = map(parameter_count, new_networks(settings(**sizes)))
    # without a moving average there is no copy of the generator
    for changes, copies in (({}, 5), ({"ema": 0.0}, 4)):
        tensors = (counted(**sizes, **changes).networks - BESIDE["cpu"]) / FRAGMENTED["cpu"]
        assert tensors == pytest.approx(4 * (copies * generator + 4 * discriminator), rel=0.02)
    copies = counted(**sizes, bfloat16=True).networks - counted(**sizes).networks
    assert counted(**sizes, ema=0.0, bfloat16=True).networks == counted(**sizes, ema=0.0).networks + copies


def test_a_samples_memory_grows_with_its_pixels_and_a_batchs_with_its_samples():
    one, larger, two = counted(), counted((128, 128)), counted(batch=2)
    assert larger.sample == pytest.approx(4 * one.sample, rel=0.1)
    assert two.sample == pytest.approx(one.sample, rel=0.1)
    assert one.peak(3) == one.networks + 3 * one.sample
    # a pair at the full size, with what its gradient needs, is more than its pictures and less than all
    pictures = 4 * 2 * 3 * 64 * 64
    assert 10 * pictures < one.sample < 1000 * pictures
    half = counted(bfloat16=True)
    assert half.sample < one.sample and half.networks > one.networks  # which has copies in both


def test_what_a_generator_is_shown_is_counted():
    pixels, bytes_of = 2 * 64 * 64, 1 + 4  # of a pair, as it comes and in float32
    assert counted().sample - counted(references=False).sample > pixels * bytes_of * (4 + 1)


def test_a_gpus_margin_is_its_own():
    assert counted(device="cuda").networks - counted().networks > 400 * 2**20
    assert counted(device="cuda").sample < counted().sample


def test_what_is_counted_holds_for_real_steps():
    """By the benchmark, in processes of its own: what a step takes is never more, nor much less."""
    words = "--threads 1 --presets smoke --stages first --measure smoke --batches 3".split()
    command = [sys.executable, ROOT / "benchmarks/memory.py", *words]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (row,) = [line for line in told.splitlines() if line.startswith("| smoke")]
    half, whole, measured = (float(cell.removesuffix(" GB ")) for cell in row.split("|")[5:8])
    if "measured in bfloat16" in told:
        whole = half
    # a Xeon with AMX takes 0.6 of what is counted, an AVX2 core 0.9
    assert measured < whole + 0.02 and whole < 2 * measured, row


def test_what_just_fits_is_silent():
    check_room(StepMemory(2 * GB, GB), 3, 5 * GB)
    with pytest.raises(InputError):
        check_room(StepMemory(2 * GB, GB), 3, 5 * GB - 1)


@pytest.mark.parametrize(
    "free, key, advice",
    [
        (4 * GB, "train.batch", "set it to 2 or less"),
        (2.5 * GB, "frames.long_edge", "lower it"),
        (1 * GB, "train.generator.channels", "lower it"),
    ],
)
def test_what_does_not_fit_names_the_key_and_both_amounts(free, key, advice):
    with pytest.raises(InputError) as error:
        check_room(StepMemory(2 * GB, GB), 3, free)
    message = str(error.value)
    assert message.startswith(f"{key}: ") and "\n" not in message
    assert "about 5.0 GB" in message and f"{free / GB:.1f} GB are free; {advice}" in message


def machine(folder, membership, **files):
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:   4000000 kB\nHugePages: 0\n")
    (folder / "proc/self/cgroup").write_text(membership)
    for name, text in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return free_memory(CPU, folder / "proc", folder / "groups")


def group(place, limit, usage, cache):
    return {
        f"{place}/memory.max": f"{limit}\n",
        f"{place}/memory.current": f"{usage}\n",
        f"{place}/memory.stat": f"anon 1\ninactive_file {cache}\n",
    }


def test_free_is_what_the_machine_has_without_limits(tmp_path):
    assert machine(tmp_path / "a", "0::/job\n") == 4000000 * 1024
    assert machine(tmp_path / "b", "0::/job\n", **group("job", "max", 5, 1)) == 4000000 * 1024
    assert free_memory(CPU, tmp_path / "absent", tmp_path / "absent") > GB // 4


def test_free_is_what_the_tightest_control_group_leaves(tmp_path):
    groups = group("job", 3 * GB, GB, GB // 2) | group("job/step", 9 * GB, GB, 0)
    assert machine(tmp_path / "a", "0::/job/step\n", **groups) == 2.5 * GB
    # in a container its own group is at the top
    assert machine(tmp_path / "b", "0::/../elsewhere\n", **group(".", GB, GB // 4, 0)) == 0.75 * GB
    old = {
        "memory/job/memory.limit_in_bytes": str(2 * GB),
        "memory/job/memory.usage_in_bytes": str(GB),
        "memory/job/memory.stat": "inactive_file 7\ntotal_inactive_file 1024\n",
    }
    assert machine(tmp_path / "c", "4:cpu:/job\n3:memory:/job\n", **old) == GB + 1024


def test_free_is_what_a_limit_of_the_shell_leaves(tmp_path, monkeypatch):
    limits = {resource.RLIMIT_AS: 3 * GB, resource.RLIMIT_DATA: resource.RLIM_INFINITY}
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (limits[kind], resource.RLIM_INFINITY))
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/status").write_text("Name:\ta:b\nVmSize:\t 1048576 kB\nVmData:\t  524288 kB\n")
    (tmp_path / "proc/meminfo").write_text("MemAvailable:   4000000 kB\n")
    assert free_memory(CPU, tmp_path / "proc", tmp_path / "groups") == 2 * GB
    limits[resource.RLIMIT_DATA] = GB
    assert free_memory(CPU, tmp_path / "proc", tmp_path / "groups") == GB // 2


def test_this_machine_has_some():
    assert 0 < free_memory(CPU) < 2**50


def test_what_a_cluster_is_asked_for_covers_what_is_counted():
    train = yaml.safe_load((ROOT / "config.yaml").read_text())["train"]
    shown = {"size": (416, 480), "generator": train["generator"], "discriminator": train["discriminator"]}
    for batch in (1, 4):
        asked = training_memory(train | {"batch": batch}, 512) * 10**6
        assert 1.2 < asked / counted(batch=batch, **shown).peak(batch) < 6
