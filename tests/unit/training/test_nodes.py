"""A training on several nodes of a Slurm job; here all of them are this machine, and srun is a stand-in."""

import os
import subprocess
import sys

import pytest

import tiny_training
from dancenow.errors import InputError
from dancenow.training.launch import Placement, choose_devices, train_on_devices
from running import ROOT

# starts as many as are asked for, side by side, and ends with the largest status, as srun does
SRUN = """#!/bin/sh
for option; do
    case $option in
    --ntasks=*) count=${option#--ntasks=} ;;
    --*) ;;
    *) break ;;
    esac
    shift
done
pids=
while [ "$count" -gt 0 ]; do
    "$@" & pids="$pids $!"
    count=$((count - 1))
done
trap 'kill -TERM $pids' TERM
status=0
for pid in $pids; do
    wait "$pid"; one=$?
    [ "$one" -le "$status" ] || status=$one
done
exit $status
"""
SCONTROL = "#!/bin/sh\necho localhost\necho elsewhere\n"
PROGRAM = """
import sys, tiny_training
from pathlib import Path
tiny_training.train(Path(sys.argv[1]), Path(sys.argv[2]), {})
"""


@pytest.fixture
def slurm(tmp_path):
    """The environment of a process in a Slurm job of two nodes."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    library = os.pathsep.join(str(ROOT / name) for name in ("workflow_scripts", "tests", "tests/unit"))
    return os.environ | {
        "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": library, "OMP_NUM_THREADS": "1",
        "SLURM_JOB_ID": str(os.getpid()), "SLURM_JOB_NUM_NODES": "2", "SLURM_JOB_NODELIST": "node[1-2]",
    }  # fmt: skip


def run(environment, inputs, folder, arguments):
    folder.mkdir()
    command = [sys.executable, "-c", PROGRAM.format(arguments), str(inputs), str(folder)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)


def test_two_nodes_train_what_two_devices_of_one_do(tmp_path, slurm):
    tiny_training.write_inputs(tmp_path)
    for name, arguments in (("one", "2"), ("two", "1, nodes=2")):
        completed = run(slurm, tmp_path, tmp_path / name, arguments)
        assert completed.returncode == 0, completed.stdout + completed.stderr
    for name in ("generator", "losses"):
        one, two = (tmp_path / folder / tiny_training.OUTPUTS[name] for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert '"processes": 2' in (tmp_path / "two" / tiny_training.OUTPUTS["training"]).read_text()


def test_a_failure_on_the_nodes_ends_the_job_and_is_said_once(tmp_path, slurm):
    tiny_training.write_inputs(tmp_path)
    (tmp_path / tiny_training.INPUTS["pose"]).write_bytes(b"no pose")
    completed = run(slurm, tmp_path, tmp_path / "two", "1, nodes=2")
    assert completed.returncode == 1
    log = (tmp_path / "two/train.log").read_text()
    assert log.count("not a pose file") == 1, log


def test_a_job_of_another_number_of_nodes_is_refused(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_NUM_NODES", raising=False)
    with pytest.raises(InputError, match="hardware.nodes: 2 requested, this job has 1"):
        train_on_devices(None, None, tiny_training.settings(), 0.2, Placement(1, nodes=2), "log")


def test_nodes_and_devices_share_the_batch():
    assert choose_devices(2, 8, nodes=2) == 2
    with pytest.raises(InputError, match="hardware.nodes: 2 nodes cannot share a train.batch of 3 evenly"):
        choose_devices("auto", 3, nodes=2)
    with pytest.raises(
        InputError, match="hardware.devices: 4 devices cannot share a train.batch of 2 per node evenly"
    ):
        choose_devices(4, 4, nodes=2)
