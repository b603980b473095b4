"""Ctrl-C in a terminal while the real training rule runs, a signal to the whole process group, or two; or the
terminal is closed, which only the first process of its session is told.
"""

import os
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from test_stopped_training import MODEL, arguments, lay_out

from running import ROOT

STEPS = 4000  # far more than are done before it is stopped


@pytest.mark.parametrize(
    "devices, number, times", [(1, signal.SIGINT, 1), (2, signal.SIGINT, 2), (2, signal.SIGHUP, 1)]
)
def test_ctrl_c_and_a_closed_terminal_save_the_step_in_hand_and_everything_ends(
    tmp_path, devices, number, times
):
    lay_out(tmp_path)
    command = [sys.executable, "-m", "snakemake", "-s", f"{ROOT}/Snakefile", "--directory", str(tmp_path)]
    run, said = tmp_path / MODEL / "run", tmp_path / "said"
    with said.open("w") as file:
        snakemake = subprocess.Popen(
            [*command, "--cores", "2", "--retries", "1", *arguments(devices, STEPS)],
            stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=os.environ | {"NO_COLOR": "1"},
            start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
        )  # fmt: skip
        try:
            while not (run / "tensorboard").exists():  # from here on it is between two steps or in one
                assert snakemake.poll() is None, said.read_text()
                time.sleep(0.02)
            for _ in range(times):
                (os.killpg if number == signal.SIGINT else os.kill)(snakemake.pid, number)
                time.sleep(0.3)
            snakemake.wait(timeout=60)
        finally:
            snakemake.kill()
    told = said.read_text()
    # Snakemake shows the log of a job that has failed
    (step,) = set(re.findall(rf"asked to stop \({number.name}\) at step (\d+) of {STEPS}; .* is saved", told))
    assert torch.load(run / "last.pt", weights_only=True)["step"] == int(step)
    # no second attempt, no folder that stays locked, nobody left
    assert "Traceback" not in told and "resuming" not in told and snakemake.returncode == 1, told
    assert not list(tmp_path.glob(".snakemake/locks/*"))
    with pytest.raises(ProcessLookupError):
        os.kill(int((run / "lock").read_text()), 0)
