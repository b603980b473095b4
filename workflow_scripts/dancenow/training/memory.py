"""Whether a training fits: the memory of one step, counted on tensors without data (meta device)."""

import os
import resource
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dancenow.control_groups import GROUPS, PROC, memory_left
from dancenow.device import Autocast
from dancenow.errors import InputError, NoMemoryError, more_memory, one_line, out_of_memory
from dancenow.training.dataset import Batch
from dancenow.training.rolling import RollingCheckpoint
from dancenow.training.trainer import Trainer

META = torch.device("meta")
FLOAT32: Autocast = {"device_type": "cpu", "dtype": torch.bfloat16, "enabled": False}
# memory of a sample in bfloat16, as a share of that in float32: docs/lab/throughput.md
BFLOAT16_SHARE = 0.9
# Bytes that a process holds for each byte of its tensors: the rest is fragmentation, gaps in which the next
# tensor does not fit. On a CPU measured, 1.1 to 1.23 (docs/lab/throughput.md); on a GPU assumed.
FRAGMENTED = {"cpu": 1.2, "cuda": 1.1}
# bytes besides all tensors: compiled kernels; on a GPU the workspace of cuDNN and cuBLAS, assumed
BESIDE = {"cpu": 50 * 2**20, "cuda": 512 * 2**20}
# of a process, and what of it counts towards each
COUNTED_BY = {resource.RLIMIT_AS: "VmSize", resource.RLIMIT_DATA: "VmData"}
PICTURES = 5  # dimensions: samples, frames, channels, height, width


@dataclass(frozen=True)
class StepMemory:
    """Bytes of one training step: of the networks and their optimisers, and of each sample of the batch."""

    networks: int
    sample: int

    def peak(self, batch: int) -> int:
        """Bytes of a step on `batch` samples."""
        return self.networks + batch * self.sample


class _Counter(TorchDispatchMode):
    """Counts the memory of every tensor from its creation, or first use, to its end: `now` and `peak`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self.alive = set()

    def __torch_dispatch__(
        self, function: Callable, types: Sequence[type], args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, kwargs, made)):
            if isinstance(tensor, torch.Tensor) and tensor.is_meta:
                self._add(tensor.untyped_storage())
        return made

    def _add(self, storage: torch.UntypedStorage) -> None:
        key, size = storage._cdata, storage.nbytes()
        if key not in self.alive:
            self.alive.add(key)
            self.now += size
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._remove, key, size)

    def _remove(self, key: int, size: int) -> None:
        self.alive.remove(key)
        self.now -= size


def count_step(
    make_trainer: Callable[[torch.device, Autocast], Trainer],
    batch: Batch,
    size: tuple[int, int],
    autocast: Autocast,
) -> StepMemory:
    """The StepMemory of a training: its tensors, with a margin for other memory of the device.

    make_trainer: (device, autocast) -> Trainer; networks that it takes over cannot be used afterwards;
    batch: one of its sampler, of whose pictures only the number matters; size: (w, h) px of the largest
    picture; autocast: arguments of torch.autocast.
    """
    width, height = size
    counter, samples = _Counter(), len(batch["skeleton"])
    with warnings.catch_warnings(), counter, META:
        warnings.filterwarnings("ignore", message=".*no-op")  # weights of an earlier stage
        trainer = make_trainer(META, FLOAT32)
        trainer.step = trainer.single_frame_steps
        for optimiser in trainer.optimisers.values():
            _as_after_a_step(optimiser)
            optimiser.step = lambda: None  # the fused kernel needs real data
        counter.peak = counter.now  # memory used to make them has been released
        # face corners are indices, so the real values are needed
        clips = {
            name: torch.empty(*value.shape[:3], height, width, dtype=torch.uint8)
            if value.ndim == PICTURES
            else value
            for name, value in batch.items()
        }
        trainer.update(clips)
        # of the next batch, which is made meanwhile in main memory
        ahead = sum(value.nbytes for value in clips.values() if value.ndim == PICTURES) / samples
        del clips
    networks, each = counter.now, (counter.peak - counter.now) / samples
    where = autocast["device_type"]
    if where == "cpu":
        each += ahead
    if autocast["enabled"]:
        networks += _copies(trainer)
        each *= BFLOAT16_SHARE
    return StepMemory(round(FRAGMENTED[where] * networks) + BESIDE[where], round(FRAGMENTED[where] * each))


def _copies(trainer: Trainer) -> int:
    """Bytes of the bfloat16 copies of the weights that a step keeps."""
    networks = [each for each in vars(trainer).values() if isinstance(each, torch.nn.Module)]
    networks.remove(trainer.average)
    return sum(2 * parameter.numel() for network in networks for parameter in network.parameters())


def _as_after_a_step(optimiser: torch.optim.Optimizer) -> None:
    """Gradients, and Adam's two moments."""
    for group in optimiser.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.zeros_like(parameter)
            names = ("exp_avg", "exp_avg_sq")
            optimiser.state[parameter] = {name: torch.zeros_like(parameter) for name in names}


def check_room(memory: StepMemory, batch: int, free: int) -> None:
    """InputError, naming the setting to change, if a step on `batch` samples takes more than `free` bytes."""
    if memory.peak(batch) <= free:
        return
    fitting = (free - memory.networks) // memory.sample
    if fitting >= 1:
        key, advice = "train.batch", f"set it to {fitting} or less"
    elif free > memory.networks:
        key, advice = "frames.long_edge", "lower it"
    else:
        key, advice = "train.generator.channels", "lower it"
    needed, networks, room = (
        f"{bytes_ / 2**30:.1f} GB" for bytes_ in (memory.peak(batch), memory.networks, free)
    )
    raise InputError(
        f"{key}: a training step with batch {batch} takes about {needed} of memory ({networks} of it for the "
        f"networks alone), and {room} are free; {advice}, or train on a machine with more memory; to try it "
        "anyway, set hardware.check_memory to false"
    )


@contextmanager
def told_of_memory(checkpoint: RollingCheckpoint) -> Iterator[None]:
    """Raise NoMemoryError if memory runs out inside the block. checkpoint: the RollingCheckpoint."""
    try:
        yield
    except Exception as error:
        if not out_of_memory(error):
            raise
        raise NoMemoryError(
            f"memory ran out ({one_line(error)}); {checkpoint.newest()}: {more_memory(error)} and continue "
            "from there, or train from the start with a lower train.batch, frames.long_edge or "
            "train.generator.channels"
        ) from error


def free_memory(device: torch.device, proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Bytes that this process can still allocate: on a GPU, or in main memory, its control groups and limits.

    proc, groups: where Linux reports them. If a machine does not report free memory, all of it counts.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return min([_free_on_the_machine(proc), *memory_left(proc, groups), *_left_of_limits(proc)])


def _left_of_limits(proc: Path) -> Iterator[int]:
    """What the limits of this process (ulimit -v and -d, as some clusters set them) leave."""
    if not (proc / "self/status").exists():
        return
    lines = (proc / "self/status").read_text(encoding="utf-8").splitlines()
    rows = dict(line.split(":", 1) for line in lines if ":" in line)
    for kind, row in COUNTED_BY.items():
        most, _ = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY and row in rows:
            yield most - int(rows[row].split()[0]) * 1024


def _free_on_the_machine(proc: Path) -> int:
    if (proc / "meminfo").exists():
        rows = (line.split(":") for line in (proc / "meminfo").read_text(encoding="utf-8").splitlines())
        return int({name: value.split()[0] for name, value in rows}["MemAvailable"]) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
