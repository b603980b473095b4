"""A finished training is kept beside its results, which Snakemake deletes to have them made again.

It does so whenever something that the training reads is made again, though the same comes out: a file was
deleted, or its code was changed in another respect.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from dancenow.errors import InputError
from dancenow.files import read_json, sha256, write_json
from dancenow.stopping import listening
from dancenow.training.launch import Placement, train_on_devices
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.settings import StageSettings
from dancenow.video.frames import FrameStore

log = logging.getLogger(__name__)


def train_once(
    inputs: StageInputs,
    outputs: StageOutputs,
    settings: StageSettings,
    holdout: float,
    placement: Placement,
    log_path: str | Path,
    code: str,
) -> None:
    """train_on_devices, or put back what it made of the same content with the same settings and code.

    code: a hash of the training's code, as of planning.reruns.code_hash. A folder `finished` beside the
    generator keeps the last training: links to its files, which take no room while the files are there.
    """
    origin = _origin(inputs, {"settings": asdict(settings), "holdout": holdout, "code": code})
    kept = Path(outputs.generator).parent / "finished"
    if _put_back(kept, origin, outputs):
        log.info(
            "trained before from the same footage, settings and code: the results are put back; to train "
            "anew, delete %s and the generator",
            kept,
        )
    else:
        train_on_devices(inputs, outputs, settings, holdout, placement, log_path)
    with listening():  # a Ctrl-C in this moment must not cost the results, whose checkpoint is gone
        _keep(kept, origin, outputs)


def _origin(inputs: StageInputs, asked: dict) -> str:
    """A hash of all that determines a training: what is asked, and the content of what it reads."""
    read = {name: sha256(path) for name, path in asdict(inputs).items() if path}
    # where the clips lay does not count
    facts = {name: value for name, value in FrameStore(inputs.frames).facts.items() if name != "clips"}
    return hashlib.sha256(json.dumps([asked, read, facts], sort_keys=True).encode()).hexdigest()


def _files(kept: Path, outputs: StageOutputs) -> Iterator[tuple[Path, Path]]:
    """(where it is kept, where it is a result) of every file."""
    for path in filter(None, asdict(outputs).values()):
        yield kept / Path(path).name, Path(path)


def _put_back(kept: Path, origin: str, outputs: StageOutputs) -> bool:
    """Move what is kept to where the results were, if it is whole and of this origin; whether it was."""
    try:
        told = read_json(kept / "origin.json")
        if told["origin"] != origin or any(
            sha256(file) != told[file.name] for file, _ in _files(kept, outputs)
        ):
            return False
    except (OSError, InputError):
        return False
    with listening():
        for file, result in _files(kept, outputs):
            os.replace(file, result)
            result.touch()  # not older than what is read
    return True


def _keep(kept: Path, origin: str, outputs: StageOutputs) -> None:
    """Keep the results as a training of this origin; not on a disk without links."""
    shutil.rmtree(kept, ignore_errors=True)
    with suppress(OSError, InputError):  # nor on a full one: the results are whole
        kept.mkdir()
        for file, result in _files(kept, outputs):
            os.link(result, file)
        hashes = {file.name: sha256(file) for file, _ in _files(kept, outputs)}
        write_json(kept / "origin.json", {"origin": origin, **hashes})
