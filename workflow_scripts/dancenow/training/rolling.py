"""The rolling checkpoint: a training killed at any moment continues as if it had not been.

Two files in one folder, `last.pt` and the one before it, `previous.pt`. They are read with torch's
weights-only loader, which cannot run code.
"""

import errno
import fcntl
import logging
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import torch

from dancenow.errors import DivergedError, InputError, out_of_memory
from dancenow.files import atomic_path, read_through

log = logging.getLogger(__name__)

SHOWN_DIFFERENCES = 5
# errors of network disks without file locks
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP}


class RollingCheckpoint:
    """The last two states of one training.

    folder: where they are stored, made if missing; identity: JSON-able dict, everything that determines the
    result (settings, data, perceptual network). Attributes: last, previous (paths); before: the folder of the
    last training of another identity; step: of the newest good checkpoint that this process has loaded or
    saved, or None; cost: seconds that the last save took.
    """

    def __init__(self, folder: str | Path, identity: dict) -> None:
        self.folder, self.identity = Path(folder), identity
        self.last, self.previous = self.folder / "last.pt", self.folder / "previous.pt"
        self.before = self.folder.with_name(self.folder.name + ".before")
        self.step: int | None = None
        self.cost = 0.0
        self._lock: TextIO | None = None  # held as long as it is open

    def lock(self) -> None:
        """Lock the folder for this process until it ends; InputError if another process holds it.

        If Snakemake is killed, its jobs continue to run: a second training would write between the first
        one's lines. On a disk without locks this only warns.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._lock = (self.folder / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise InputError(
                f"{self.folder}: process {file.read()} is training here; end it or wait for it"
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            log.warning(
                "%s: this disk has no file locks; make sure that no second training runs here", self.folder
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()

    def load(self, misfit: Callable[[dict], str] = lambda state: "") -> dict | None:
        """The newest complete state of the same identity, or None; the log names refused files and why.

        misfit: returns why a state does not fit the networks, "" if it does. A damaged or foreign file is
        renamed `*.refused`, and so is one of another training or version while the other file can be used.
        If all files are of such, the folder is renamed `<folder>.before`, replacing an older one, so that
        nothing is lost if settings or version are restored: where the older one is of this identity, the two
        are exchanged. With None, no generator of an earlier attempt is left in the folder. If a file cannot
        be read, the OSError or lack of memory is raised, with nothing renamed or deleted.
        """
        for leftover in self.folder.glob(".partial-*"):
            leftover.unlink()
        state, others = self._newest(self.folder, misfit)
        if state is None:
            state, _ = self._newest(self.before, misfit)
            if state is not None:
                self._exchange()
        else:
            for refused in others:
                _refuse(*refused)
        if state is not None:
            self.step = state["step"]
            return state
        if others:
            self._set_aside(*others[0])
        # the best preview of an attempt without a checkpoint may belong to other settings
        for leftover in self.folder.glob("*.safetensors"):
            leftover.unlink()
        return None

    def save(self, state: dict) -> None:
        """Write a state: a dict of tensors, numbers, strings and plain containers, with its `step`.

        DivergedError when a number in it is not finite; the checkpoints stay as they were.
        """
        began = time.monotonic()
        broken = _not_finite(state)
        if broken:
            raise DivergedError(f"step {state['step']}: {broken} is not finite")
        with atomic_path(self.last) as partial:
            with partial.open("wb") as file:
                torch.save({"identity": self.identity, **state}, file)
                file.flush()
                os.fsync(file.fileno())
            # if killed between this line and the end of the block, only `previous` exists, which is enough
            if self.last.exists():
                os.replace(self.last, self.previous)
        self.step, self.cost = state["step"], time.monotonic() - began

    def remove(self) -> None:
        """Delete both files when the training is done; each is several times the generator's size."""
        for path in (self.last, self.previous, self.folder / "lock"):
            path.unlink(missing_ok=True)

    def newest(self) -> str:
        """A clause for an error message: the checkpoint from which a later run continues."""
        if self.step is None:
            return "there was no checkpoint yet"
        return f"the last good checkpoint is {self.last}, step {self.step}"

    def _newest(
        self, folder: Path, misfit: Callable[[dict], str]
    ) -> tuple[dict | None, list[tuple[Path, str]]]:
        """(the newest state of this identity in a folder, or None; newer ones of others, and their kind)."""
        others = []
        for path in (folder / self.last.name, folder / self.previous.name):
            state = self._read(path)
            if state is None:
                continue
            other = _differences(state["identity"], self.identity) or misfit(state)
            if not other:
                log.info("%s: resuming at step %d", path, state["step"])
                return state, others
            others.append((path, f"step {state['step']} of a training with other settings or data ({other})"))
        return None, others

    def _read(self, path: Path) -> dict | None:
        try:
            read_through(path)
        except FileNotFoundError:
            return None
        try:
            with zipfile.ZipFile(path) as archive:
                if broken := archive.testzip():
                    raise ValueError(f"{broken} has a wrong checksum")
            state = torch.load(path, map_location="cpu", weights_only=True)
            if not (isinstance(state, dict) and {"identity", "step"} <= state.keys()):
                raise ValueError("not written by this training")
        except Exception as error:  # bad content can raise anything
            if isinstance(error, OSError) or out_of_memory(error):
                raise
            reason = (str(error) or type(error).__name__).splitlines()[0]
            _refuse(path, f"damaged, or not a checkpoint of this workflow ({reason})")
            return None
        return state

    def _exchange(self) -> None:
        # a name of its own: killed between two of these lines, it leaves a folder too many and none too few
        aside = Path(tempfile.mkdtemp(prefix=f"{self.before.name}-", dir=self.folder.parent))
        self.folder.replace(aside)
        self.before.replace(self.folder)
        aside.replace(self.before)
        self.lock()
        log.warning(
            "%s: it was begun with these settings and goes on; what was here is in %s",
            self.folder,
            self.before,
        )

    def _set_aside(self, path: Path, what: str) -> None:
        kept = self.before
        shutil.rmtree(kept, ignore_errors=True)
        self.folder.replace(kept)
        self.lock()
        log.warning(
            "%s: %s; training starts from step 0. The old training is kept in %s: to continue it, restore "
            "the settings, data or version",
            path, what, kept,
        )  # fmt: skip


def _refuse(path: Path, why: str) -> None:
    refused = path.with_suffix(".refused")
    log.warning("%s: %s; renamed to %s", path, why, refused.name)
    path.replace(refused)


def _differences(then: dict, now: dict) -> str:
    """One line: the first few keys in which two identities differ, with both values."""
    found = list(_compare(then, now, ""))
    more = f" and {len(found) - SHOWN_DIFFERENCES} more" if len(found) > SHOWN_DIFFERENCES else ""
    return "; ".join(found[:SHOWN_DIFFERENCES]) + more


def _compare(then: object, now: object, place: str) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted(then.keys() | now.keys(), key=str):
            inner = f"{place}.{key}" if place else key
            yield from _compare(then.get(key, "absent"), now.get(key, "absent"), inner)
    elif then != now:
        yield f"{place}: {_short(then)} then, {_short(now)} now"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:12] + "..."


def _not_finite(value: object, place: str = "") -> str | None:
    """The place, dotted, of the first tensor in nested dicts and lists that holds NaN or infinity."""
    if isinstance(value, torch.Tensor):
        return None if value.isfinite().all() else place
    if not isinstance(value, (dict, list, tuple)):
        return None
    items = value.items() if isinstance(value, dict) else enumerate(value)
    places = (_not_finite(inner, f"{place}.{key}" if place else str(key)) for key, inner in items)
    return next(filter(None, places), None)
