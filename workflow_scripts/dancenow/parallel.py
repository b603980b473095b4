"""One training in several processes, one per device, started by torchrun. A single process is rank 0."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from dancenow.gpus import usable_gpus


def world_size() -> int:
    """Processes that train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def rank() -> int:
    """This process's number among them; 0 writes the files."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def local_rank() -> int:
    """This process's number on its machine, from torchrun's environment; it selects the GPU."""
    return int(os.environ.get("LOCAL_RANK", 0))


@contextmanager
def process_group() -> Iterator[None]:
    """Join the process group inside the block: NCCL with GPUs, gloo without."""
    distributed.init_process_group("nccl" if usable_gpus() else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def distribute(module: torch.nn.Module) -> torch.nn.Module:
    """The module, wrapped so that backward() averages gradients over all processes; alone, itself.

    A module on the meta device (memory.count_step) is returned as it is.
    """
    if world_size() == 1 or next(module.parameters()).is_meta:
        return module
    return DistributedDataParallel(module)


def average(values: dict[str, torch.Tensor]) -> dict[str, float]:
    """A dict of scalar tensors of one device -> the mean over all processes of each, floats by name.

    All are copied from the device at once, so that the GPU is waited for once.
    """
    total = torch.stack([value.detach().double() for value in values.values()])
    if world_size() > 1:
        # gradients and losses are means over equal shares of the batch, so a plain mean is right
        distributed.all_reduce(total)
        total = total / world_size()
    return dict(zip(values, total.tolist(), strict=True))


def anyone(said: object, device: torch.device) -> bool:
    """Whether `said` is true in any process."""
    if world_size() == 1:
        return bool(said)
    flag = torch.tensor(float(bool(said)), device=device)
    distributed.all_reduce(flag)
    return flag.item() > 0


def least(value: int, device: torch.device) -> int:
    """The smallest `value` of all processes."""
    if world_size() == 1:
        return value
    smallest = torch.tensor(value, device=device)
    distributed.all_reduce(smallest, distributed.ReduceOp.MIN)
    return int(smallest.item())


def wait_for_all() -> None:
    """Return when every process has called this."""
    if world_size() > 1:
        distributed.barrier()


def lost_another(error: Exception) -> bool:
    """Whether an exception of NCCL or gloo says that another process is gone."""
    return isinstance(error, distributed.DistError) or "gloo/transport" in str(error)


@contextmanager
def rank_0_first() -> Iterator[None]:
    """Run the block in rank 0, then in all others."""
    if rank() > 0:
        wait_for_all()
    yield
    if rank() == 0:
        wait_for_all()
