import logging
import os
import threading
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.stopping import SIGNALS
from dancenow.training import loading
from dancenow.training.dataset import ClipSampler, TrainingFootage
from dancenow.training.loading import by_processes, loaders, picture_threads, prefetch
from performers import performer

CUDA = torch.device("cuda")


@pytest.fixture
def draw():
    frames = np.stack([np.full((96, 128, 3), index, np.uint8) for index in range(12)])
    footage = TrainingFootage(frames, performer(12), frames[0], [(64, 64), (96, 96)], 12)
    return ClipSampler(footage, 1, 0)


@pytest.fixture
def shown(draw):
    """Batches with references, and who made them: process, and threads of OpenCV there."""

    def make(number):
        maker = torch.tensor([os.getpid(), cv2.getNumThreads()])
        return draw(number) | {"reference": torch.full((1,), number), "maker": maker}

    return make


@pytest.fixture
def pinned(monkeypatch):
    """The dtypes of what this process pins, which takes a GPU."""
    dtypes = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda value: dtypes.append(value.dtype) or value)
    return dtypes


@pytest.fixture
def cores(monkeypatch):
    threads = cv2.getNumThreads()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(4), raising=False)
    yield
    cv2.setNumThreads(threads)


def test_for_a_cpu_they_are_the_same_batches_in_order(draw):
    for number, batch in enumerate(prefetch(draw, 2, 6, torch.device("cpu")), start=2):
        assert torch.equal(batch["image"], draw(number)["image"])


def test_for_a_gpu_several_processes_make_those_with_references_in_order(draw, shown, cores, pinned):
    numbers, makers, here = [], set(), []

    def slow(number):
        time.sleep(0.02)
        here.append(number)
        return shown(number)

    state = torch.get_rng_state()
    for number, batch in enumerate(prefetch(slow, 2, 14, CUDA), start=2):
        maker, threads = batch.pop("maker").tolist()
        numbers.append(int(batch.pop("reference")))
        assert all(torch.equal(value, draw(number)[name]) for name, value in batch.items())
        assert threads == 1 and batch["image"].dtype == torch.uint8
        makers.add(maker)
    assert numbers == list(range(2, 14))
    # the first one, by whose size processes are chosen, is pinned here, the others by the loader
    assert len(pinned) == len(shown(2))
    # and made once
    assert here == [2] and len(makers - {os.getpid()}) == 3
    assert torch.equal(state, torch.get_rng_state())


def test_for_a_gpu_threads_make_pictures_alone(draw, cores, pinned):
    together = threading.Barrier(4, timeout=20)

    def at_once(number):
        if number > 2:
            together.wait()  # broken, unless four threads are here at the same time
        return draw(number)

    for number, batch in enumerate(prefetch(at_once, 2, 15, CUDA), start=2):
        assert torch.equal(batch["image"], draw(number)["image"])
    assert number == 14 and len(pinned) == 13 * len(draw(2))


def test_what_a_process_cannot_read_is_told_in_one_line_after_the_batches_before(draw):
    def torn(number):
        if number == 5:
            raise InputError("alice.avi: frame 5 is damaged; delete it")
        return draw(number)

    given = []
    with pytest.raises(InputError, match=r"^alice\.avi: frame 5 is damaged; delete it$"):
        given.extend(by_processes(torn, range(9), 2))
    assert len(given) == 5


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_to_all_processes_leaves_the_batches_to_the_training(draw, number):
    def named(place):
        return draw(place) | {"maker": torch.tensor(os.getpid())}

    batches, given = by_processes(named, range(20), 2), []
    for batch in batches:
        if len(given) == 3:
            os.kill(int(batch["maker"]), number)
        given.append(batch["image"])
    assert len(given) == 20 and all(torch.equal(draw(place)["image"], given[place]) for place in range(20))


def test_the_processes_end_when_a_training_stops(draw):
    makers = set()

    def named(number):
        return draw(number) | {"maker": torch.tensor(os.getpid())}

    batches = by_processes(named, range(100), 2)
    for _ in range(4):
        makers.add(int(next(batches)["maker"]))
    del batches
    for _ in range(100):
        if not any(os.path.exists(f"/proc/{maker}") for maker in makers):
            break
        time.sleep(0.1)
    else:
        pytest.fail("a process is still there")


def test_where_processes_share_too_little_memory_threads_make_pinned_batches(
    shown, cores, pinned, monkeypatch, caplog, tmp_path
):
    made, together = [], threading.Barrier(3, timeout=20)
    monkeypatch.setattr(loading, "SHARED_MEMORY", tmp_path / "none")

    def at_once(number):
        if threading.current_thread() is not threading.main_thread():
            together.wait()  # broken, unless three threads are here at the same time
        made.append(number)
        return shown(number)

    with caplog.at_level(logging.WARNING):
        for number, batch in enumerate(prefetch(at_once, 2, 15, CUDA), start=2):
            assert int(batch["reference"]) == number
    assert sorted(made) == list(range(2, 15))
    assert len(pinned) == 13 * len(shown(2))
    assert "has 0 MB free" in caplog.text and "--shm-size" in caplog.text


def test_larger_batches_than_the_first_must_fit_too(draw, cores, monkeypatch, tmp_path):
    batch = draw(0)
    size = sum(value.nbytes for value in batch.values())
    for free, fits in ((8 * 6 * size, True), (8 * 6 * size - 1, False)):
        monkeypatch.setattr(loading.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert loading._shared_memory_holds(batch, 6) == fits


def test_the_trainings_on_a_node_share_its_cores(monkeypatch):
    for cores, trainings, expected in (
        (64, 1, (16, 4)),
        (64, 8, (7, 4)),
        (2, 1, (1, 2)),
        (2, 2, (1, 2)),
        (5, 2, (2, 3)),
    ):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, count=cores: range(count), raising=False)
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(trainings))
        assert (loaders(), picture_threads()) == expected
