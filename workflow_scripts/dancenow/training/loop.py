"""Train from the first step to the last, over any number of attempts."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import torch
from tqdm import tqdm

from dancenow import parallel
from dancenow.device import peak_memory
from dancenow.errors import DivergedError, Stopped
from dancenow.progress import LogTimer
from dancenow.training.dataset import Batch
from dancenow.training.event_files import Board
from dancenow.training.loading import prefetch
from dancenow.training.rolling import RollingCheckpoint
from dancenow.training.trainer import Trainer

log = logging.getLogger(__name__)

Sampler = Callable[[int, bool], Batch]
Preview = Callable[[Trainer, bool], tuple[Path, float] | None]

SAVE_SECONDS = 60
LOOK_SECONDS = 300
# checkpoints and previews of large networks take seconds: each is limited to this share of the time
OVERHEAD_SHARE = 0.02


def preview_steps(steps: int) -> range:
    """The steps with a preview that is kept: every tenth of the training, as a range."""
    tenth = max(1, steps // 10)
    return range(tenth, steps + 1, tenth)


def run_training(
    trainer: Trainer,
    sampler: Sampler,
    checkpoint: RollingCheckpoint,
    preview: Preview,
    should_stop: Callable[[], str | None] = lambda: None,
) -> tuple[Path, float, float]:
    """Train to the last step, resuming where `checkpoint` left off.

    sampler: (batch number, last frames only) -> batch; checkpoint: a RollingCheckpoint, in whose folder
    losses.jsonl is kept as well, and TensorBoard's logs; preview: called with the trainer and True after each
    of preview_steps, with False after LOOK_SECONDS without one, returns the picture it has written, a path,
    and its error, or None; should_stop: as from stopping.listening.
    Returns (path of losses.jsonl, seconds spent over all attempts, share of the last attempt's time in which
    the step waited for its batch, 0 to 1). Raises Stopped after the current step when `should_stop` says so,
    and DivergedError; both name the step and the checkpoint.
    """
    record = _Record(trainer, checkpoint, _resume(trainer, checkpoint))
    with record.opened():
        for batch in record.awaited(_batches(trainer, sampler)):
            # no layer draws from torch's own generator; if one ever does, it resumes correctly too
            torch.manual_seed(trainer.settings.seed + trainer.step)
            try:
                record.add(trainer.train_step(batch))
                counts = trainer.step in preview_steps(trainer.steps)
                if parallel.rank() == 0 and (counts or record.look_due()):
                    record.add_preview(preview, counts)
                left = trainer.step < trainer.steps
                stop = parallel.anyone(should_stop(), trainer.device) and left
                if stop or (left and record.due()):
                    record.save()
            except DivergedError as error:
                raise DivergedError(
                    f"{error}; {checkpoint.newest()}; lower train.learning_rate and train again"
                ) from error
            if stop:
                # nobody exits before rank 0 has written, because torchrun ends the others when one exits
                parallel.wait_for_all()
                raise Stopped(
                    f"asked to stop ({should_stop() or 'another process was'}) at step {trainer.step} of "
                    f"{trainer.steps}; {checkpoint.last} is saved; enter the same command again to resume "
                    "there"
                )
    return record.path, record.seconds(), record.waiting()


def _batches(trainer: Trainer, sampler: Sampler) -> Iterator[Batch]:
    """The batches of the remaining steps, in order."""

    def batch_of(number: int) -> Batch:
        return sampler(number, trainer.takes_last_only(number))

    return prefetch(batch_of, trainer.step, trainer.steps, trainer.device)


def _resume(trainer: Trainer, checkpoint: RollingCheckpoint) -> float:
    """Restore the checkpoint in its folder; returns the seconds spent on it so far."""
    with parallel.rank_0_first():
        if parallel.rank() == 0:
            checkpoint.lock()
        state = checkpoint.load(trainer.misfit)
    if state is None:
        return 0.0
    trainer.restore(state)
    return state["seconds"]


class _Record:
    """The records of a running training: losses of every step, log lines, the checkpoint.

    Only the first of several processes writes: only it has `file` and `board`, while `opened`.
    """

    file: TextIO
    board: Board

    def __init__(self, trainer: Trainer, checkpoint: RollingCheckpoint, spent: float) -> None:
        self.trainer, self.checkpoint, self.spent = trainer, checkpoint, spent
        self.path = checkpoint.folder / "losses.jsonl"
        self.first, self.timer, self.waited = trainer.step, LogTimer(), 0.0
        self.saved = self.looked = time.monotonic()
        self.look_cost = 0.0

    def seconds(self) -> float:
        return self.spent + self.timer.seconds()

    def awaited(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches; the time that the training waits for each is counted."""
        batches = iter(batches)
        while True:
            requested = time.monotonic()
            batch = next(batches, None)
            self.waited += time.monotonic() - requested
            if batch is None:
                return
            yield batch

    def waiting(self) -> float:
        """Share of this attempt's time that was spent on waiting for batches."""
        return self.waited / max(self.timer.seconds(), 1e-9)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open the loss files, truncated to the steps that were done, inside the block."""
        if parallel.rank() > 0:
            yield
            return
        _keep_lines(self.path, self.trainer.step)
        board = Board(self.checkpoint.folder / "tensorboard", self.trainer.step)
        with self.path.open("a", encoding="utf-8") as self.file, board as self.board:
            yield

    def add(self, losses: dict[str, float]) -> None:
        if parallel.rank() > 0:
            return
        step, seconds = self.trainer.step, self.timer.seconds()
        rounded = {name: round(value, 6) for name, value in losses.items()}
        self.file.write(json.dumps({"step": step, **rounded}) + "\n")
        self.board.add_scalars(step, {f"loss/{name}": value for name, value in losses.items()})
        if self.timer.due(step in (self.first + 1, self.trainer.steps)):
            log.info("%s", self._progress(losses, seconds))
            self.board.add_scalars(step, self._pace(seconds))
            self.board.flush()

    def look_due(self) -> bool:
        return time.monotonic() - self.looked > max(LOOK_SECONDS, self.look_cost / OVERHEAD_SHARE)

    def add_preview(self, preview: Preview, counts: bool) -> None:
        """Make and record a preview; preview and counts as in run_training."""
        began = time.monotonic()
        shown = preview(self.trainer, counts)
        self.looked = time.monotonic()
        self.look_cost = self.looked - began
        if shown is not None:
            path, error = shown
            log.info("step %d: %s, mean error %.1f of 255", self.trainer.step, path, error)
            self.board.add_picture(self.trainer.step, "preview", path)
            self.board.add_scalars(self.trainer.step, {"preview/error": error})

    def due(self) -> bool:
        return time.monotonic() - self.saved > max(SAVE_SECONDS, self.checkpoint.cost / OVERHEAD_SHARE)

    def save(self) -> None:
        if parallel.rank() == 0:
            # the losses first: a checkpoint must never be ahead of them
            self.file.flush()
            os.fsync(self.file.fileno())
            self.board.flush()
            self.checkpoint.save({"seconds": self.seconds(), **self.trainer.state()})
        self.saved = time.monotonic()

    def _pace(self, seconds: float) -> dict[str, float]:
        """Scalars logged from time to time: steps per second in this attempt, rate, memory, waiting."""
        return {
            "training/steps_per_second": (self.trainer.step - self.first) / max(seconds, 1e-9),
            "training/learning_rate": self.trainer.optimisers["generator"].param_groups[0]["lr"],
            "training/memory_gb": peak_memory(self.trainer.device) / 2**30,
            "training/waiting_percent": 100 * self.waiting(),
        }

    def _progress(self, losses: dict[str, float], seconds: float) -> str:
        step, steps, memory = self.trainer.step, self.trainer.steps, peak_memory(self.trainer.device)
        meter = tqdm.format_meter(step, steps, seconds, ncols=60, unit="step", initial=self.first)
        terms = " ".join(f"{name} {value:.3f}" for name, value in losses.items())
        return f"{meter} {memory / 2**30:.1f} GB {terms}"


def _keep_lines(path: Path, step: int) -> None:
    """Truncate losses.jsonl after the line of `step`; in one call, so that it is never half done."""
    size = 0
    if path.exists():
        for line in path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n") or json.loads(line)["step"] > step:
                break
            size += len(line)
        os.truncate(path, size)
