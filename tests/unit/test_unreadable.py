"""Only bad content is told to be deleted: not what a disk or a device fails to give."""

import errno
import io
import os

import numpy as np
import pytest
import torch

from dancenow.camera.path import load_path, save_path
from dancenow.camera.view import load_view, save_view
from dancenow.errors import InputError
from dancenow.evaluation.series import load_series, save_series
from dancenow.keypoints import load_pose, save_pose
from dancenow.model.checkpoint import load_generator, load_weights, read_network, save_generator
from dancenow.model.networks import Generator, fill, misfit
from dancenow.model.perceptual import choose, load_perceptual
from dancenow.pose.masks import MaskPacker, load_masks, save_masks
from dancenow.references.files import load_bank, load_choice, save_bank, save_choice
from dancenow.references.making import make_bank
from dancenow.training.loop import run_training
from dancenow.training.rolling import RollingCheckpoint
from performers import footage, performer
from tripod import still_path, still_view

NETWORK = {"channels": 4, "n_downsample": 2, "n_blocks": 1}


def whole(count):
    """Masks of all of the picture, 192x128 px."""
    masks = MaskPacker(192, 128)
    for _ in range(count):
        masks.add(np.full((128, 192), 255, np.uint8))
    return masks.packed()


POSE = performer(3, 192, 128, tall=100)


def bank():
    return make_bank(footage(POSE), POSE, whole(3), footage(POSE)[0], 3)


READ = {
    "pose": (lambda path: save_pose(path, performer(2)), load_pose),
    "generator": (
        lambda path: save_generator(path, Generator(**NETWORK).state_dict(), {"network": NETWORK}),
        load_generator,
    ),
    "masks": (lambda path: save_masks(path, whole(2)), load_masks),
    "references": (lambda path: save_bank(path, bank(), POSE, 3), load_bank),
    "choice": (
        lambda path: save_choice(path, bank().choose(POSE.keypoints), bank(), POSE.keypoints),
        lambda path: load_choice(path, bank(), POSE.keypoints),
    ),
    "camera": (lambda path: save_path(path, still_path(2, 64, 64)), load_path),
    "view": (lambda path: save_view(path, still_view(2, 64, 64)), load_view),
    "series": (lambda path: save_series(path, {"ours": {"ssim": np.ones(3)}}), load_series),
}


@pytest.mark.parametrize("write, read", READ.values(), ids=READ)
def test_a_file_that_cannot_be_read_is_no_bad_file(tmp_path, monkeypatch, write, read):
    path = tmp_path / "file.npz"
    write(path)
    read(path)

    class Torn(io.FileIO):
        def read(self, *given):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

        readinto = readall = read

    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", lambda path, *_given, **_named: Torn(path))
        with pytest.raises(OSError, match="Stale") as raised:
            read(path)
    assert raised.value.errno == errno.ESTALE and raised.value.filename == str(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"file\.npz: .*delete it"):
        read(path)


FAILURES = ("CUDA error: an illegal memory access", "CUDA out of memory. Tried to allocate 2.00 GiB")


def failing_copy(monkeypatch, words):
    def fail(*_given):
        raise RuntimeError(words)

    monkeypatch.setattr(torch.Tensor, "copy_", fail)


@pytest.mark.parametrize("words", FAILURES)
def test_a_device_that_fails_is_no_bad_file(monkeypatch, words):
    network = Generator(**NETWORK)
    weights = network.state_dict()
    failing_copy(monkeypatch, words)
    with pytest.raises(RuntimeError, match=words):
        load_weights(network, weights, "a.safetensors", "generator")


def test_weights_of_another_network_are_named_in_one_line():
    network, other = Generator(**NETWORK), Generator(**NETWORK | {"channels": 8})
    with pytest.raises(ValueError, match=r"^\S+ is \(\d+[^)]*\), not \(\d+[^)]*\)$"):
        fill(network, other.state_dict())
    weights = network.state_dict()
    name, _ = weights.popitem()
    with pytest.raises(ValueError, match=rf"^{name} is absent, not \("):
        fill(network, weights)
    with pytest.raises(InputError, match=r"a\.safetensors: not a generator file \(.* is absent"):
        load_weights(network, weights, "a.safetensors", "generator")


@pytest.mark.parametrize("words", FAILURES)
def test_a_checkpoint_is_not_blamed_for_a_device(tmp_path, monkeypatch, words):
    checkpoint, network = RollingCheckpoint(tmp_path, {}), Generator(**NETWORK)
    checkpoint.save({"step": 3, "seconds": 1.0, "weights": network.state_dict()})

    class Trainer:
        def misfit(self, state):
            return misfit(network, state["weights"])

        def restore(self, state):
            fill(network, state["weights"])

    failing_copy(monkeypatch, words)
    with pytest.raises(RuntimeError, match=words):
        run_training(Trainer(), None, checkpoint, None)


def test_perceptual_weights_are_not_blamed_for_a_lack_of_memory(monkeypatch):
    def fail(*_given, **_named):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    decision = choose("efficientnet-lite0")
    monkeypatch.setattr(torch, "load", fail)
    with pytest.raises(RuntimeError, match="allocate"):
        load_perceptual(decision)


def test_a_network_of_another_kind_is_bad_content(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(b"not a network")
    with pytest.raises(InputError, match="not a judge file"):
        read_network(path, "judge")
