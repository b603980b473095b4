"""Asked to stop: a cluster's warning before it takes the machine away."""

import signal
from contextlib import contextmanager

from dancenow.errors import DivergedError, Stopped

# Slurm sends SIGTERM before a time limit or a preemption, and SIGUSR1 where --signal=USR1@<seconds> asks so
SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

# EX_TEMPFAIL of sysexits.h: nothing is wrong, try again. Neither 0, which would mean that the outputs are
# there, nor 1, which a rule gives for a mistake that the next attempt would repeat.
EXIT_STATUS = 75


@contextmanager
def listening():
    """Take note of SIGTERM and SIGUSR1 instead of dying of them; only in a process's main thread.

    Yields a function that returns the name of the first such signal, None as long as there was none. What
    fails after it ends the block with Stopped: a cluster signals all of a job's processes, and an ffmpeg
    that is writing dies of it.
    """
    heard = []

    def take_note(number, _frame):
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


def leave_warning_to_training():
    """Make this process deaf to SIGUSR1, and what it starts until that listens itself.

    Slurm warns all processes of a job. Snakemake, which is around the training there, would die of it, and
    with its end Slurm kills what is left of the job, before the training has saved. In the main thread.
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
