import os
import signal
import subprocess
import time

import pytest
from torch.distributed.elastic.multiprocessing import SignalException

from dancenow.stopping import SIGNALS
from dancenow.training import launch


class Interrupted:
    """A process's lock; a signal arrives as soon as it is taken, where nothing gives it back yet."""

    def __init__(self, lock):
        self.lock = lock

    def acquire(self, *how):
        taken = self.lock.acquire(*how)
        signal.raise_signal(signal.SIGTERM)
        return taken

    def release(self):
        self.lock.release()


def test_a_signal_while_a_worker_is_looked_after_waits_for_its_lock():
    before = {each: signal.getsignal(each) for each in SIGNALS}
    process = subprocess.Popen(["sleep", "60"])
    lock = process._waitpid_lock
    signal.signal(signal.SIGTERM, launch._end_workers)
    try:
        process._waitpid_lock = Interrupted(lock)
        assert process.poll() is None
        process._waitpid_lock = lock
        with pytest.raises(SignalException):
            time.sleep(30)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN  # the second one is not heard
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    finally:
        process.kill()
        for each, handler in before.items():
            signal.signal(each, handler)
