"""Requests to stop: Ctrl-C, a terminal that closes, a cluster's warning before it takes the machine away."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from dancenow.errors import DivergedError, Stopped, one_line

# Slurm sends SIGTERM before a time limit or a preemption, and SIGUSR1 with --signal=USR1@<seconds>;
# a terminal sends SIGINT, once for each Ctrl-C, and SIGHUP when it is closed, which nohup has ignored
HANG_UP = () if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else (signal.SIGHUP,)
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, *HANG_UP)

# EX_TEMPFAIL of sysexits.h: nothing is wrong, try again. Neither 0, which would mean that the outputs are
# there, nor 1, which a rule returns for an error that the next attempt would repeat.
EXIT_STATUS = 75


@contextmanager
def listening() -> Iterator[Callable[[], str | None]]:
    """Record SIGNALS instead of dying from them; only in the main thread of a process.

    Yields a function that returns the name of the first such signal, or None before there is one. What
    fails after it ends the block with Stopped: a cluster and a terminal signal all of a job's processes, and
    an ffmpeg that is writing dies from it.
    """
    heard = []

    def take_note(number: int, _frame: object) -> None:
        heard.append(signal.Signals(number).name)

    before = {number: signal.signal(number, take_note) for number in SIGNALS}
    try:
        yield lambda: heard[0] if heard else None
    except (Stopped, DivergedError):
        raise
    except Exception as error:
        if not heard:
            raise
        raise Stopped(
            f"asked to stop ({heard[0]}), which ended another process that this one needed "
            f"({one_line(error)}); enter the same command again to continue from the last checkpoint"
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_warning_to_training() -> None:
    """Ignore SIGUSR1 in this process, and in processes that it starts until they handle it.

    Slurm signals all processes of a job. Snakemake, which started the training there, would die from it, and
    Slurm would then kill the rest of the job before the training has saved. In the main thread.
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def hear_ctrl_c_once() -> None:
    """Handle the first Ctrl-C as usual, and answer every further one with a line; a closed terminal alike.

    Snakemake waits for its jobs after the first; a second would end this wait with a page of tracebacks
    while the training is still saving. Child processes have the default handler. In the main thread.
    """

    def answer(*_: object) -> None:
        with suppress(OSError):  # the terminal is gone
            sys.stderr.write(
                "waiting for the jobs to end; a training saves first. Press Ctrl-\\ to end at once\n"
            )

    def once(number: int, _frame: object) -> None:
        for each in (signal.SIGINT, *HANG_UP):
            signal.signal(each, answer)
        if number == signal.SIGHUP:
            # the system tells only the first process of a session, this one or its shell
            os.killpg(0, signal.SIGHUP)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, *HANG_UP):
        signal.signal(number, once)
