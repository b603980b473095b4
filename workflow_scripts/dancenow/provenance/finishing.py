"""The last steps of every synthesized frame before encoding: the label, then the mark."""

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from dancenow.provenance.label import Label
from dancenow.provenance.mark import Mark, load_key, payload_of

log = logging.getLogger(__name__)

Step = Callable[[np.ndarray], np.ndarray]

MARK_KEY = "secrets/mark.key"  # in the working folder, beside results/, never in it


def finishing(settings: dict, width: int, height: int, made_from: Iterable[str | Path]) -> list[Step]:
    """A list of functions, each from a frame (H, W, 3) uint8 RGB to a frame, to call in this order.

    settings: the configuration's block `provenance`; made_from: paths of the files that decide the frames,
    which the mark's payload tells (dancenow.provenance.mark.payload_of). Raises InputError for a key that
    others may read.
    """
    steps: list[Step] = []
    if settings["label"] != "none":
        steps.append(
            Label(settings["label"], settings["label_position"], settings["label_size"], width, height)
        )
    if settings["mark"]:
        payload = payload_of(made_from)
        log.info("marked with payload %08x", payload)
        steps.append(Mark(load_key(MARK_KEY), payload, width, height))
    return steps


def kept_key() -> bytes | None:
    """The mark's key (bytes) of the working folder, or None."""
    return load_key(MARK_KEY) if Path(MARK_KEY).exists() else None


def finished(frames: Iterable[np.ndarray], steps: Iterable[Step]) -> Iterator[np.ndarray]:
    """Yield each (H, W, 3) uint8 RGB frame after all `steps` from `finishing`."""
    for frame in frames:
        for step in steps:
            frame = step(frame)
        yield frame
