"""What becomes of a failure inside of `listening`."""

import os
import signal

import pytest

from dancenow.errors import DivergedError, Stopped
from dancenow.stopping import SIGNALS, listening


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


@pytest.mark.parametrize("kind", [Stopped, DivergedError])
def test_a_stop_and_a_divergence_are_told_in_their_own_words(kind):
    with pytest.raises(kind, match="^own words$"):
        fail(kind("own words"), signal.SIGTERM)
