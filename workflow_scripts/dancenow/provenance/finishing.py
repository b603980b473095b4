"""The last steps of every synthesized frame before encoding: the label, then the mark."""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from dancenow.provenance.label import Label
from dancenow.provenance.mark import Mark, load_key, payload_of

log = logging.getLogger(__name__)

Step = Callable[[np.ndarray], np.ndarray]

MARK_KEY = "secrets/mark.key"  # in the working folder, beside results/, never in it
PAYLOADS = Path("secrets/payloads")  # an empty file for each payload that was ever given here


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
        _keep(payload)
    return steps


def kept_key() -> bytes | None:
    """The mark's key (bytes) of the working folder, or None."""
    return load_key(MARK_KEY) if Path(MARK_KEY).exists() else None


def kept_payloads() -> list[int]:
    """The payloads that marks of the working folder's key were given."""
    names = [path.name for path in PAYLOADS.iterdir()] if PAYLOADS.is_dir() else []
    return sorted(int(name, 16) for name in names if re.fullmatch("[0-9a-f]{8}", name))


def _keep(payload: int) -> None:
    """Remember a payload: of a damaged copy, which of a few it is can be told where 2**32 cannot."""
    path = PAYLOADS / f"{payload:08x}"
    try:
        if not path.exists():
            PAYLOADS.mkdir(parents=True, exist_ok=True)
            path.touch()
    except OSError as error:
        log.warning("%s: not kept (%s), so damaged copies are told less well", path, error.strerror)


def finished(frames: Iterable[np.ndarray], steps: Iterable[Step]) -> Iterator[np.ndarray]:
    """Yield each (H, W, 3) uint8 RGB frame after all `steps` from `finishing`."""
    for frame in frames:
        for step in steps:
            frame = step(frame)
        yield frame
