"""openpifpaf's wholebody networks as an estimator: everyone in the frame, all 133 keypoints.

Kreiss, Bertoni, Alahi, "OpenPifPaf: Composite Fields for Semantic Keypoint Detection and Spatio-Temporal
Association", 2021. An openpifpaf checkpoint is a pickled network, and a pickle may name any function to be
called. So only the classes of such a network (`parts`) are allowed, and only a file whose SHA-256 is the
one recorded by the run's decision is opened at all.
"""

import hashlib
import io
import pickle
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from dancenow.device import pick_device, prepare
from dancenow.errors import InputError, out_of_memory
from dancenow.keypoints import BODY, BODY_NAMES, COUNT
from dancenow.pose.estimators.choosing import DECIDE_AGAIN
from dancenow.pose.estimators.estimator import Mover, Shown, drop_unseen
from dancenow.pose.estimators.pifpaf_compat import import_openpifpaf

# ImageNet's statistics of RGB in 0..1, which openpifpaf trains with
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)

INPUT_MULTIPLE = 16  # px; openpifpaf's networks need sides of a multiple of this, plus one
# on a CPU four frames at once take a third longer per frame: benchmarks/estimators.py
FRAMES_AT_ONCE = {"cuda": 16, "cpu": 1}
# packages whose modules a network may contain
MAKERS = ("torch.nn.modules.", "torchvision.models.", "torchvision.ops.", "openpifpaf.network.")


class OpenpifpafWholebody:
    """Everyone in each frame; confidences are the decoder's, clipped to 0..1.

    path: the checkpoint; digest: its SHA-256, hexadecimal; batch: frames per pass of the network, by
    default chosen for the device. InputError if the file is gone, is a different one, or is not a network for
    the 133 keypoints.
    """

    name = "openpifpaf"
    finds_masks = False

    def __init__(self, path: str, digest: str, threads: int, batch: int | None = None) -> None:
        self.checkpoint = f"sha256:{digest}"
        self.device = pick_device()
        self.batch = batch or FRAMES_AT_ONCE[self.device.type]
        prepare(self.device, threads)
        network = load_network(path, digest)
        self.decoder = make_decoder(network.head_metas)
        self.network = network.to(self.device)

    def follow_mover(self, shown: Iterable[Shown]) -> Iterator[Mover]:
        """Nobody: `detect` finds people at any rotation, so a second look would find nobody else."""
        for _ in shown:
            yield from ()

    def detect(self, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Yield (P, 133, 3) float32 for each (H, W, 3) uint8 RGB frame, in order; all of one size."""
        waiting = []
        for frame in frames:
            waiting.append(frame)
            if len(waiting) == self.batch:
                yield from self._detect_batch(waiting)
                waiting = []
        if waiting:
            yield from self._detect_batch(waiting)

    def _detect_batch(self, frames: list[np.ndarray]) -> Iterator[np.ndarray]:
        height, width = frames[0].shape[:2]
        images = to_images(np.stack(frames), self.device)
        for fields in self.decoder.fields_batch(self.network, images):
            people = [annotation.data for annotation in self.decoder(fields)]
            yield drop_unseen(np.array(people, np.float32).reshape(-1, COUNT, 3), width, height)


def load_network(path: str | Path, digest: str) -> torch.nn.Module:
    """The network in the checkpoint at `path`, on the CPU, for evaluation; errors as OpenpifpafWholebody."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: the openpifpaf checkpoint is gone; put it back or {DECIDE_AGAIN}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != digest:
        raise InputError(
            f"{path}: not the checkpoint that this run decided on (SHA-256 differs); {DECIDE_AGAIN}"
        )
    openpifpaf = import_openpifpaf()
    try:
        with torch.serialization.safe_globals(parts(openpifpaf)):
            network = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["model"]
        openpifpaf.network.model_migration.model_migration(network)
        metas = network.head_metas
    except Exception as error:  # unpickling the wrong bytes can raise anything
        if out_of_memory(error):
            raise
        foreign = isinstance(error, pickle.UnpicklingError) and re.search(r"GLOBAL (\S+)", str(error))
        if foreign:
            raise InputError(
                f"{path}: not opened: it needs {foreign[1]}, which is not part of an openpifpaf network and "
                f"could run any code; use another checkpoint and {DECIDE_AGAIN}"
            ) from error
        # torch puts advice for programmers before the reason
        message = f"{type(error).__name__}: {error}".split("WeightsUnpickler error: ")[-1]
        reason = message.strip().splitlines()[0]
        message = f"{path}: not an openpifpaf checkpoint ({reason}); replace it and {DECIDE_AGAIN}"
        raise InputError(message) from error
    if not _is_wholebody(openpifpaf, metas):
        found = ", ".join(f"{meta.dataset} {meta.name}" for meta in metas)
        raise InputError(
            f"{path}: not a network for the {COUNT} keypoints of COCO-WholeBody (its heads: {found}); "
            f"use a wholebody checkpoint and {DECIDE_AGAIN}"
        )
    return network.eval()


def parts(openpifpaf: Any) -> list:
    """The classes that a pickled network may contain: modules, descriptions of heads, arrays."""
    modules = [kind for kind in _kinds_of(torch.nn.Module) if kind.__module__.startswith(MAKERS)]
    facts = [kind for kind in _kinds_of(openpifpaf.headmeta.Base) if kind.__module__ == "openpifpaf.headmeta"]
    numbers = {type(np.dtype(code)) for code in np.typecodes["AllInteger"] + np.typecodes["Float"]}
    rebuild = np.zeros(0).__reduce__()[0]
    # its names in numpy 1 and in numpy 2
    rebuilds = [(rebuild, f"numpy.{core}.multiarray._reconstruct") for core in ("core", "_core")]
    return [*modules, *facts, np.ndarray, np.dtype, *numbers, *rebuilds]


def _kinds_of(kind: type) -> set[type]:
    return {kind}.union(*map(_kinds_of, kind.__subclasses__()))


def make_decoder(metas: Sequence) -> Any:
    """openpifpaf's decoder from a frame's (CIF, CAF) fields to its people, at the authors' thresholds."""
    return import_openpifpaf().decoder.CifCaf([metas[0]], [metas[1]])


def to_images(frames: np.ndarray, device: torch.device) -> torch.Tensor:
    """(N, H, W, 3) uint8 RGB -> normalised float32 (N, 3, H', W'), grey (zero) at the right and below."""
    height, width = frames.shape[1:3]
    images = torch.from_numpy(frames).to(device).permute(0, 3, 1, 2).float() / 255
    mean, deviation = (torch.tensor(values, device=device).view(3, 1, 1) for values in (MEAN, DEVIATION))
    padding = (0, (1 - width) % INPUT_MULTIPLE, 0, (1 - height) % INPUT_MULTIPLE)
    return F.pad((images - mean) / deviation, padding)


def _is_wholebody(openpifpaf: Any, metas: Sequence) -> bool:
    kinds = [type(meta) for meta in metas]
    return (
        kinds == [openpifpaf.headmeta.Cif, openpifpaf.headmeta.Caf]
        and len(metas[0].keypoints) == COUNT
        and list(metas[0].keypoints[BODY]) == BODY_NAMES[BODY]
    )
