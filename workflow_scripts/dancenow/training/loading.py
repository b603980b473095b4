"""Make batches ahead of the steps that use them: in processes or threads for a GPU, in a thread for a CPU."""

import logging
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from dancenow.job import usable_cores
from dancenow.prefetch import ahead, made_ahead
from dancenow.stopping import SIGNALS
from dancenow.training.dataset import Batch

log = logging.getLogger(__name__)

# processes that make batches for a GPU; on a CPU one thread, because the step itself uses the cores
LOADERS = 16
PICTURE_THREADS = 4  # that make batches of whole pictures for a GPU, which is mostly decoding
EACH_AHEAD = 2  # batches that each of them is ahead
SHARED_MEMORY = Path("/dev/shm")
LARGER_BATCHES = 8  # times the size of the first one: of pairs in place of single frames, in larger windows


def prefetch(sampler: Callable[[int], Batch], start: int, stop: int, device: torch.device) -> Iterator[Batch]:
    """Yield sampler(start) ... sampler(stop - 1), in order; the next ones are made while one is used.

    sampler: batch number -> dict of tensors, pure, so that several processes may call it. For a GPU they are
    in pinned memory: the copy to the device then waits for nothing. Moving pieces of footage is mostly
    Python, of which threads run one at a time: batches with references are made by `loaders` processes,
    unless shared memory is too small, which the first batch tells. Decoding runs in threads at the same time,
    and a process would have to copy each batch: without references threads make them. For a CPU one thread
    makes one batch ahead.
    """
    numbers = range(start, stop)
    if device.type != "cuda" or not numbers:
        yield from made_ahead(sampler, numbers, 1, 1)
        return
    # OpenCV's own threads only stand in the way of the loaders, and would not survive a fork
    cv2.setNumThreads(1)
    first, numbers = sampler(start), numbers[1:]
    workers, threads = min(loaders(), len(numbers)), picture_threads()
    if "reference" in first:
        threads = loaders()
        if workers > 1 and _shared_memory_holds(first, workers * EACH_AHEAD):
            others = by_processes(sampler, numbers, workers)
            yield _pinned(first)
            yield from others
            return
    yield _pinned(first)
    yield from made_ahead(lambda number: _pinned(sampler(number)), numbers, threads, EACH_AHEAD * threads)


def picture_threads() -> int:
    """Threads that make batches without references for one GPU: its share of the cores, bounded."""
    return min(PICTURE_THREADS, loaders() + 1)


def loaders() -> int:
    """Processes that make batches for one GPU: its share of the cores but one, LOADERS at most."""
    trainings = int(os.environ.get("LOCAL_WORLD_SIZE", 1))  # torchrun: the training's processes on this node
    return max(1, min(LOADERS, (usable_cores() - 1) // trainings))


def by_processes(make: Callable[[int], Batch], numbers: range, workers: int) -> Generator[Batch, None, None]:
    """make(number) for each of `numbers`, in order, from forked processes; pinned where there is a GPU.

    What `make` raises is raised here. The processes begin at once, and end with the iterator. A thread takes
    what they have made: to open shared memory costs a millisecond a batch.
    """
    loader = DataLoader(
        _Numbered(make, numbers),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=EACH_AHEAD,
        pin_memory=torch.cuda.is_available(),
        worker_init_fn=_leave_signals_to_the_training,
        multiprocessing_context="fork",  # all share the footage that this process has opened
        generator=torch.Generator(),  # torch's own is not drawn from, so that a resumed training is the same
    )
    return ahead(_raised(iter(loader)), EACH_AHEAD)


def _raised(batches: Iterator[Batch | Exception]) -> Generator[Batch, None, None]:
    for batch in batches:
        if isinstance(batch, Exception):
            raise batch
        yield batch


def _leave_signals_to_the_training(_worker: int) -> None:
    """A cluster and a terminal signal all of a job's processes; the training still saves after that."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class _Numbered(Dataset):
    """Batches by place. What goes wrong is returned: a loader would raise it with all of its traceback."""

    def __init__(self, make: Callable[[int], Batch], numbers: range) -> None:
        self.make, self.numbers = make, numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place: int) -> Batch | Exception:
        try:
            return self.make(self.numbers[place])
        except Exception as error:
            return error


def _pinned(batch: Batch) -> Batch:
    return {name: value.pin_memory() for name, value in batch.items()}


def _shared_memory_holds(batch: Batch, count: int) -> bool:
    """Whether `count` batches, even larger ones, fit into the memory that processes share; warns if not."""
    needed = LARGER_BATCHES * count * sum(value.nbytes for value in batch.values())
    free = shutil.disk_usage(SHARED_MEMORY).free if SHARED_MEMORY.is_dir() else 0
    if free < needed:
        log.warning(
            "%s has %d MB free, processes need %d MB: threads, which are slower, make the batches; give "
            "a container more (--shm-size)",
            SHARED_MEMORY, free >> 20, needed >> 20,
        )  # fmt: skip
    return free >= needed
