"""What every script does first: a log file, a thread count, and one-line errors."""

import logging
import os
import sys
from contextlib import contextmanager

from dancenow.errors import InputError, Stopped
from dancenow.files import FULL
from dancenow.stopping import EXIT_STATUS


def usable_cores():
    """Cores this process may run on (at least 1); `--cores 8` on a 2-core machine still has 2."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def job(log_path, threads=1, append=False):
    """Run a script's body with logging to `log_path` and stderr; yields the number of threads to use.

    append: keep what the log holds; for a process that another one, with the same log, has started.

    The thread count never exceeds the cores there are: two OpenMP pools, or one pool wider than the
    machine, run up to ten times slower. An InputError ends the process with its one line and status 1,
    Stopped with its one line and stopping.EXIT_STATUS; any other exception keeps its traceback.
    """
    if not append:
        open(log_path, "w").close()
    # always in append mode, in which lines of several processes never overwrite each other
    handlers = [logging.FileHandler(log_path, mode="a"), logging.StreamHandler(sys.stderr)]
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=handlers, force=True)
    threads = max(1, min(threads, usable_cores()))
    try:
        yield threads
    except InputError as error:
        logging.error("error: %s", error)
        sys.exit(1)
    except Stopped as stopped:
        logging.info("%s", stopped)
        sys.exit(EXIT_STATUS)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in FULL:
            place = error.filename or "a disk"
            logging.error("error: %s: %s; free space there and run again", place, error.strerror)
        else:
            logging.exception("unexpected failure; this is a bug worth reporting with this log")
        sys.exit(1)
