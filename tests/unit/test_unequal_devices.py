"""Processes of one training on cards that are not alike: what one of them lacks, no other uses."""

import os
import subprocess
import sys

from running import ROOT

PROCESS = """
import sys, torch
from torch import distributed
from dancenow import device, parallel
rank, meeting = int(sys.argv[1]), sys.argv[2]
distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=2)
cpu = torch.device("cpu")
device.has_fast_bf16 = lambda _: rank == 0
precision = device.precision_name(device.prepare(cpu, 1))
print(precision, parallel.least(24 * 2**30 >> rank, cpu) >> 30)
"""


def test_precision_and_room_are_those_of_the_poorer_one(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts"), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(rank), str(tmp_path / "meeting")],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    assert [process.communicate(timeout=100)[0].split() for process in processes] == [["float32", "12"]] * 2
