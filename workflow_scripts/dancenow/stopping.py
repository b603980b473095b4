"""Asked to stop: by Ctrl-C, or by a cluster's warning before it takes the machine away."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dancenow.errors import DivergedError, Stopped

# Slurm sends SIGTERM before a time limit or a preemption, and SIGUSR1 where --signal=USR1@<seconds> asks so;
# a terminal sends SIGINT, once for each Ctrl-C
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)

# EX_TEMPFAIL of sysexits.h: nothing is wrong, try again. Neither 0, which would mean that the outputs are
# there, nor 1, which a rule gives for a mistake that the next attempt would repeat.
EXIT_STATUS = 75


@contextmanager
def listening() -> Iterator[Callable[[], str | None]]:
    """Take note of SIGNALS instead of dying of them; only in a process's main thread.

    Yields a function that returns the name of the first such signal, None as long as there was none. What
    fails after it ends the block with Stopped: a cluster and a terminal signal all of a job's processes, and
    an ffmpeg that is writing dies of it.
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
            f"asked to stop ({heard[0]}), and what was being written failed ({error}); the same command goes "
            "on from the last checkpoint"
        ) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_warning_to_training() -> None:
    """Make this process deaf to SIGUSR1, and what it starts until that listens itself.

    Slurm warns all processes of a job. Snakemake, which is around the training there, would die of it, and
    with its end Slurm kills what is left of the job, before the training has saved. In the main thread.
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)


def hear_ctrl_c_once() -> None:
    """Have this process take the first Ctrl-C as always, and answer every further one with a line.

    Snakemake waits for its jobs after the first; a second would break that wait off in a page of tracebacks,
    with the training still saving. What this process starts has the default handler. In the main thread.
    """

    def answer(*_: object) -> None:
        sys.stderr.write("the jobs are ending, a training saves first; Ctrl-\\ ends all at once\n")

    def once(*_: object) -> None:
        signal.signal(signal.SIGINT, answer)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, once)
