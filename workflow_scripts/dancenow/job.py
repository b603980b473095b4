"""What every script does first: a log file, a thread count, and one-line errors."""

import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dancenow.control_groups import GROUPS, PROC, processor_shares
from dancenow.errors import AWAY, InputError, Stopped, lacking, more_memory, one_line, out_of_memory
from dancenow.files import FULL, bring_back_dates
from dancenow.same_run import require_one_run
from dancenow.stopping import EXIT_STATUS

LITTLE_ROOM = 1 << 20  # bytes


def usable_cores(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Cores this process may use (at least 1); `--cores 8` on a 2-core machine still has 2.

    A container that gets the time of two cores sees all of the machine's. proc, groups: as of control_groups.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min([count, *processor_shares(proc, groups)])


def _full_disk() -> str:
    """The folder on a disk with no room left, for an error that does not name its file; else "a disk"."""
    for folder in ("results", ".", tempfile.gettempdir()):
        with suppress(OSError):
            if shutil.disk_usage(folder).free < LITTLE_ROOM:
                return folder
    return "a disk"


@contextmanager
def job(
    log_path: str | Path, threads: int = 1, append: bool = False, reads: Any = MappingProxyType({})
) -> Iterator[int]:
    """Run a script's body with logging to `log_path` and stderr; yields the number of threads to use.

    append: keep the log's content; for a process started by another one with the same log. reads: the job's
    input, as of same_run.require_one_run, which refuses files of two runs.

    The thread count never exceeds the number of cores: two OpenMP pools, or one pool larger than the
    machine, run up to ten times slower. An InputError, a failing disk, a deleted result, a lack of memory and
    a package that is missing end the process with one line and status 1, Stopped and Ctrl-C with one line and
    stopping.EXIT_STATUS; any other exception keeps its traceback. Where the clock was set back meanwhile, the
    dates of the results follow it.
    """
    if not append:
        open(log_path, "w", encoding="utf-8").close()
    # append mode, so that lines of several processes never overwrite each other
    handlers: list[logging.Handler] = [
        logging.FileHandler(log_path, mode="a", encoding="utf-8"),
        logging.StreamHandler(sys.stderr),
    ]
    logging.raiseExceptions = False  # a log on a full disk must not hide the line that says so
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    threads = max(1, min(threads, usable_cores()))
    ahead = time.time() - time.monotonic()
    try:
        require_one_run(reads)
        yield threads
        if time.time() - time.monotonic() < ahead - 1:  # the clock was set back while the job ran
            bring_back_dates("results")
    except InputError as error:
        logging.error("error: %s", error)
        sys.exit(1)
    except (Stopped, KeyboardInterrupt) as stopped:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C
        logging.info(
            "%s", str(stopped) or "stopped by Ctrl-C; enter the same command again to redo this step"
        )
        sys.exit(EXIT_STATUS)
    except Exception as error:
        _log_failure(error)
        sys.exit(1)


def _log_failure(error: Exception) -> None:
    """One line with the remedy for what a user can mend, else the traceback."""
    if isinstance(error, OSError) and error.errno in FULL | AWAY:
        remedy = "free space there" if error.errno in FULL else "check the disk and its permissions"
        place = error.filename or _full_disk()
        logging.error("error: %s: %s; %s and run again, nothing is lost", place, error.strerror, remedy)
    elif isinstance(error, FileNotFoundError) and str(error.filename).startswith("results/"):
        # deleted while the workflow ran, or before, where Snakemake does not know that a rule reads it
        gone = error.filename
        logging.error(
            "error: %s: deleted, but needed here; run: snakemake --cores 1 %s, then the same again",
            gone,
            gone,
        )
    elif out_of_memory(error):
        logging.error(
            "error: memory ran out (%s); %s, or lower frames.long_edge",
            one_line(error), more_memory(error),
        )  # fmt: skip
    elif lack := lacking(error):
        logging.error("error: %s", lack)
    else:
        logging.exception("unexpected failure; this is a bug, please report it with this log")
