"""What becomes of a failure inside of `listening`."""

import os
import signal
import subprocess
import sys

import pytest

from dancenow.errors import DivergedError, Stopped
from dancenow.stopping import SIGNALS, listening
from running import ROOT


def fail(error, number=None):
    """Raise `error` while listening, after the signal."""
    with listening() as asked:
        if number:
            os.kill(os.getpid(), number)
        assert asked() == (number and number.name)
        raise error


def test_a_failure_by_itself_stays_what_it_is():
    with pytest.raises(OSError, match="^disk$"):
        fail(OSError("disk"))


@pytest.mark.parametrize("number", SIGNALS)
def test_what_fails_after_a_signal_is_a_stop(number):
    before = signal.getsignal(number)
    with pytest.raises(Stopped, match=rf"asked to stop \({number.name}\).*ffmpeg died.*same command"):
        fail(RuntimeError("ffmpeg died"), number)
    assert signal.getsignal(number) == before


def test_nohup_is_left_alone():
    asked = "from dancenow.stopping import SIGNALS; print([each.name for each in SIGNALS])"
    begun = "import signal; signal.signal(signal.SIGHUP, signal.SIG_"
    library = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
    told = [
        subprocess.run([sys.executable, "-c", each], env=library, capture_output=True, text=True).stdout
        for each in (f"{begun}DFL); {asked}", f"{begun}IGN); {asked}")
    ]
    assert "SIGHUP" in told[0] and "SIGTERM" in told[1] and "SIGHUP" not in told[1]


@pytest.mark.parametrize("kind", [Stopped, DivergedError])
def test_a_stop_and_a_divergence_are_told_in_their_own_words(kind):
    with pytest.raises(kind, match="^own words$"):
        fail(kind("own words"), signal.SIGTERM)
