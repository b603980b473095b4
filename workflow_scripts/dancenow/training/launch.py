"""Train on one device in this process, or on several in one process each, under torchrun's agents."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from dancenow import parallel
from dancenow.errors import InputError, NoMemoryError, Stopped
from dancenow.files import write_json
from dancenow.gpus import usable_gpus
from dancenow.job import job
from dancenow.stopping import EXIT_STATUS, SIGNALS
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.settings import StageSettings, read_settings
from dancenow.training.train_target import train_target

log = logging.getLogger(__name__)

# s: a worker that was asked to stop finishes its step and saves; the largest checkpoint takes seconds
SHUTDOWN_SECONDS = 300
MOMENT = 0.01  # s
# each Slurm job uses one of these ports to connect its nodes
PORTS = range(20000, 30000)


def choose_devices(devices: int | str, batch: int, nodes: int = 1) -> int:
    """Number of training processes on each node: as many GPUs as share a batch evenly, 1 on a CPU.

    devices: "auto", or a number that is enforced (also on a CPU); batch: clips per step, over all
    nodes. InputError if the numbers do not divide the batch or there are fewer GPUs.
    """
    gpus = len(usable_gpus())
    if batch % nodes:
        raise InputError(
            f"hardware.nodes: {nodes} nodes cannot share a train.batch of {batch} evenly; make the batch a "
            "multiple"
        )
    batch //= nodes
    if isinstance(devices, str):
        return max(count for count in range(1, max(1, gpus) + 1) if batch % count == 0)
    if batch % devices:
        share = f"{batch} per node" if nodes > 1 else batch
        raise InputError(
            f"hardware.devices: {devices} devices cannot share a train.batch of {share} evenly; make the "
            "batch a multiple"
        )
    if gpus and devices > gpus:
        raise InputError(f"hardware.devices: {devices} requested, {gpus} usable; set it to auto")
    return devices


@dataclass(frozen=True)
class Placement:
    """Where a training runs: threads of this job; devices of each node and nodes, as choose_devices takes
    them; check_memory, as train_target takes it.
    """

    threads: int
    devices: int | str = "auto"
    nodes: int = 1
    check_memory: bool = True


def train_on_devices(
    inputs: StageInputs,
    outputs: StageOutputs,
    settings: StageSettings,
    holdout: float,
    placement: Placement,
    log_path: str | Path,
) -> None:
    """train_target on the devices and nodes of the placement, logging to `log_path`.

    Several nodes are those of the current Slurm job; InputError if it has a different number. A
    failed or stopped worker has logged the reason; this process then ends with its exit status.
    """
    nodes, threads, check_memory = placement.nodes, placement.threads, placement.check_memory
    count = choose_devices(placement.devices, settings.batch, nodes)
    meeting = _meeting(nodes)
    if nodes == count == 1:
        train_target(inputs, outputs, settings, holdout, threads, check_memory)
        return
    task = {
        "inputs": asdict(inputs),
        "outputs": asdict(outputs),
        "settings": asdict(settings),
        "holdout": holdout,
        "check_memory": check_memory,
        "threads": max(1, threads // count),
        "log": str(log_path),
        "devices": count,
        "meeting": meeting,
    }
    # other nodes do not see this one's temporary files
    place = Path(log_path).parent if nodes > 1 else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        write_json(Path(folder) / "task.json", task)
        if nodes == 1:
            run_agent(Path(folder) / "task.json")
        else:
            _run_agents(nodes, Path(folder) / "task.json")


def _meeting(nodes: int) -> dict:
    """Where the agents of a training meet: {"nodes", "endpoint", "local_addr", "run_id"}."""
    alone = {"nodes": 1, "endpoint": "localhost:0", "local_addr": "localhost", "run_id": str(uuid.uuid4())}
    if nodes == 1:
        return alone
    held = int(os.environ.get("SLURM_JOB_NUM_NODES", 1))
    if held != nodes:
        raise InputError(
            f"hardware.nodes: {nodes} requested, this job has {held}; set it to 1, or see docs/cluster.md"
        )
    names = ["scontrol", "show", "hostnames", os.environ["SLURM_JOB_NODELIST"]]
    first = subprocess.run(names, capture_output=True, encoding="utf-8", check=True).stdout.split()[0]
    port = PORTS[0] + int(os.environ["SLURM_JOB_ID"]) % len(PORTS)
    return alone | {"nodes": nodes, "endpoint": f"{first}:{port}", "local_addr": None}


def _run_agents(nodes: int, task: Path) -> None:
    """One run_agent on each node, through srun; signals to stop are passed on to them."""
    once = [f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1"]
    command = ["srun", "--overlap", *once, sys.executable, *_call("run_agent", task)]
    # detached from the terminal: srun abandons its tasks at the second Ctrl-C
    process = subprocess.Popen(command, start_new_session=True)
    for number in SIGNALS:
        signal.signal(number, lambda number, _: process.send_signal(_passed_on(number)))
    if status := process.wait():
        # of several statuses srun returns the largest; below zero srun itself was killed
        sys.exit(status if status > 0 else 1)


def _passed_on(number: int) -> int:
    """The signal to send to srun for one that this process received."""
    return signal.SIGUSR1 if number in (signal.SIGINT, signal.SIGHUP) else number


def run_agent(task: str | Path) -> None:
    """Start this node's processes of the task in a JSON file, and wait for them.

    Ends the process with their exit status where that is not 0.
    """
    meeting, count = (
        json.loads(Path(task).read_text(encoding="utf-8"))[key] for key in ("meeting", "devices")
    )
    # the agent logs every step of its own life cycle
    logging.getLogger("torch.distributed.elastic").setLevel(logging.ERROR)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    config = LaunchConfig(
        min_nodes=meeting["nodes"],
        max_nodes=meeting["nodes"],
        nproc_per_node=count,
        run_id=meeting["run_id"],
        rdzv_backend="c10d",
        rdzv_endpoint=meeting["endpoint"],
        local_addr=meeting["local_addr"],
        max_restarts=0,
        signals_to_handle="SIGQUIT",
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    for number in SIGNALS:
        signal.signal(number, _end_workers)
    try:
        elastic_launch(config, sys.executable)(*_call("work", task))
    except SignalException as error:
        # the workers were signalled and have ended
        sys.exit(EXIT_STATUS if error.sigval in SIGNALS else 128 + error.sigval)
    except ChildFailedError as error:
        sys.exit(_status({rank: failure.exitcode for rank, failure in error.failures.items()}))


def _end_workers(number: int, frame: FrameType | None) -> None:
    """Like torch's own handler, but only once: at a second signal it would exit while workers save.

    Not while `subprocess` looks after a worker: an exception there can leave its lock held, and then nobody
    notices that the worker has ended. The signal is then sent again a moment later.
    """
    while frame is not None:
        if frame.f_code.co_filename == subprocess.__file__:
            threading.Timer(MOMENT, os.kill, (os.getpid(), number)).start()
            return
        frame = frame.f_back
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise SignalException(f"asked to stop by {number}", sigval=signal.Signals(number))


def _call(function: str, task: str | Path) -> list[str]:
    """Arguments for a Python process that calls a function of this module with the path of the task."""
    # as Snakemake does for its scripts: after the installed packages, so that no name of ours hides theirs
    steps = "import sys", "sys.path.append(sys.argv[1])", "from dancenow.training import launch"
    start = "; ".join((*steps, f"launch.{function}(sys.argv[2])"))
    return ["-c", start, str(Path(__file__).parents[2]), str(task)]


def _status(failures: dict[int, int]) -> int:
    """One exit status for the workers' {rank: exit code}; a killed worker is named in the log."""
    for rank, code in failures.items():
        if code < 0 and code != -signal.SIGTERM:  # the agent ends the others by SIGTERM
            name = signal.Signals(-code).name
            log.error("error: process %d of the training was ended by %s; out of memory?", rank, name)
    return EXIT_STATUS if EXIT_STATUS in failures.values() else 1


def work(task_path: str | Path) -> None:
    """The work of each process started by torchrun's agent: its share of the task in the JSON file."""
    task = json.loads(Path(task_path).read_text(encoding="utf-8"))
    with job(task["log"], task["threads"], append=True) as threads, parallel.process_group():
        if parallel.rank() > 0:
            logging.getLogger().setLevel(logging.ERROR)  # rank 0 logs it
        inputs, outputs = StageInputs.of(task["inputs"]), StageOutputs.of(task["outputs"])
        settings, holdout = read_settings(task["settings"]), task["holdout"]
        try:
            train_target(inputs, outputs, settings, holdout, threads, task["check_memory"])
        except (InputError, Stopped) as error:
            # memory may run out in one process alone
            if parallel.rank() == 0 or isinstance(error, NoMemoryError):
                raise
            sys.exit(EXIT_STATUS if isinstance(error, Stopped) else 1)
        except RuntimeError as error:
            if not parallel.lost_another(error):
                raise
            log.error("error: process %d lost contact with another process, which failed", parallel.rank())
            sys.exit(1)
