"""Train on one device in this process, or on several in one process each, under torchrun's agent."""

import json
import logging
import os
import signal
import sys
import tempfile
import uuid
from pathlib import Path
from types import SimpleNamespace

import torch
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dancenow import parallel
from dancenow.errors import InputError, Stopped
from dancenow.files import write_json
from dancenow.job import job
from dancenow.stopping import EXIT_STATUS
from dancenow.train_target import train_target

log = logging.getLogger(__name__)

# of all stages; each has some of them
INPUTS = ("frames", "pose", "perceptual", "plate", "generator", "discriminator")
OUTPUTS = ("generator", "discriminator", "best", "losses", "settings", "training", "progress", "video")
# a worker that was asked to stop finishes its step and saves; a checkpoint of the largest takes seconds
SHUTDOWN_SECONDS = 300


def choose_devices(devices, batch):
    """How many processes train: as many as the visible GPUs that share a batch evenly, 1 on a CPU.

    devices: "auto", or a number that is insisted on (on a CPU too); batch: clips per step, over all of them.
    InputError when the number does not divide the batch or there are fewer GPUs.
    """
    gpus = torch.cuda.device_count()
    if devices == "auto":
        return max(count for count in range(1, max(1, gpus) + 1) if batch % count == 0)
    if batch % devices:
        raise InputError(
            f"train.devices: {devices} do not share a train.batch of {batch} evenly; make it a multiple"
        )
    if gpus and devices > gpus:
        raise InputError(f"train.devices: {devices} asked for, {gpus} visible; set it to auto")
    return devices


def train_on_devices(inputs, outputs, settings, holdout, threads, devices, log_path):
    """train_target on `devices` (as choose_devices takes them), logging to `log_path`.

    A failed or stopped worker has said why in the log; this process then ends with its exit status.
    """
    count = choose_devices(devices, settings["batch"])
    if count == 1:
        train_target(inputs, outputs, settings, holdout, threads)
        return
    task = {
        "inputs": {name: getattr(inputs, name) for name in INPUTS if hasattr(inputs, name)},
        "outputs": {name: getattr(outputs, name) for name in OUTPUTS if hasattr(outputs, name)},
        "settings": settings,
        "holdout": holdout,
        "threads": max(1, threads // count),
        "log": str(log_path),
    }
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "task.json", task)
        _run_workers(count, Path(folder) / "task.json")


def _run_workers(count, task):
    # the agent tells every step of its own life
    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)
    # as Snakemake does for its scripts: behind the installed packages, so that no name of ours hides theirs
    start = "import sys; sys.path.append(sys.argv[1]); from dancenow.launch import work; work(sys.argv[2])"
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=str(uuid.uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=0,
        signals_to_handle="SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1",
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    try:
        elastic_launch(config, sys.executable)("-c", start, str(Path(__file__).parents[1]), str(task))
    except SignalException as error:
        # the workers have been told, and have ended
        sys.exit(EXIT_STATUS if error.sigval in (signal.SIGTERM, signal.SIGUSR1) else 128 + error.sigval)
    except ChildFailedError as error:
        sys.exit(_status({rank: failure.exitcode for rank, failure in error.failures.items()}))


def _status(failures):
    """The exit status that stands for the workers' {rank: exit code}; a killed one is named in the log."""
    for rank, code in failures.items():
        if code < 0 and code != -signal.SIGTERM:  # the agent ends the others by SIGTERM
            name = signal.Signals(-code).name
            log.error("error: process %d of the training was ended by %s; out of memory?", rank, name)
    return EXIT_STATUS if EXIT_STATUS in failures.values() else 1


def work(task_path):
    """What each process does that torchrun's agent starts: its share of the task in the JSON file."""
    task = json.loads(Path(task_path).read_text())
    with job(task["log"], task["threads"], append=True) as threads, parallel.process_group():
        if parallel.rank() > 0:
            logging.getLogger().setLevel(logging.ERROR)  # rank 0 has said it
        inputs, outputs = SimpleNamespace(**task["inputs"]), SimpleNamespace(**task["outputs"])
        try:
            train_target(inputs, outputs, task["settings"], task["holdout"], threads)
        except (InputError, Stopped) as error:
            if parallel.rank() == 0:
                raise
            sys.exit(EXIT_STATUS if isinstance(error, Stopped) else 1)
