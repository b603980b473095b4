"""Which GPU a process uses, and why it uses none."""

import fcntl
import logging
import os
import re
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import IO

import torch

from dancenow.errors import one_line

log = logging.getLogger(__name__)


def usable_gpus() -> tuple[int, ...]:
    """The numbers of the visible GPUs that this build of torch has kernels for, in order.

    torch lists a GPU that is too old (or too new) for it as well, and fails at the first computation there;
    and all of them where the driver has failed since the machine started.
    """
    if not torch.cuda.is_available() or _failure():
        return ()
    return tuple(number for number in range(torch.cuda.device_count()) if _has_kernels(number))


def _failure() -> str:
    """Why the driver cannot be used although it lists a GPU, in one line; "" if it can."""
    try:
        torch.cuda.get_device_capability(0)
    except RuntimeError as error:
        return one_line(error)
    return ""


def _has_kernels(number: int) -> bool:
    builds = _builds()
    if not builds:
        return True
    major, minor = torch.cuda.get_device_capability(number)
    own = 10 * major + minor
    # machine code runs on later cards of the same generation, "compute" code on every later one
    return any(version <= own and (kind == "compute" or version // 10 == major) for kind, version in builds)


def _builds() -> list[tuple[str, int]]:
    """What torch was built for: (sm or compute, ten times the capability); nothing for AMD's GPUs."""
    found = (re.fullmatch(r"(sm|compute)_(\d+)[af]?", name) for name in torch.cuda.get_arch_list())
    return [(each[1], int(each[2])) for each in found if each]


@cache
def own_gpu(usable: Sequence[int]) -> int:
    """The number of a GPU of `usable` that no other job of this user holds; held until this process ends.

    A job holds the lock on a file named after its GPU; the system releases the lock when the process dies
    for any reason. The log names idle GPUs. If there are more jobs than GPUs, or no file can be locked, they
    share the first one.
    """
    if len(usable) < 2:
        return usable[0]
    names = _names()
    every = ", ".join(names[number] for number in usable)
    folder = Path(tempfile.gettempdir(), f"dancenow-gpus-{os.getuid()}")
    try:
        folder.mkdir(exist_ok=True)
        free = _free(usable, folder)
    except OSError as error:
        log.warning(
            "%s: no file can be locked there (%s), so jobs side by side share GPU %s; set TMPDIR to a "
            "folder on a local disk", folder, error.strerror, names[usable[0]],
        )  # fmt: skip
        return usable[0]
    if not free:
        log.warning("all GPUs (%s) are in use; this job shares GPU %s", every, names[usable[0]])
        return usable[0]
    idle = ", ".join(names[number] for number in free[1:])
    idle_ones = f"; idle: {idle}; use all with --resources gpu={len(usable)}" if idle else ""
    log.info("GPU %s of %s%s", names[free[0]], every, idle_ones)
    return free[0]


def _names() -> list[str]:
    """What the user calls each visible GPU: its number or name in CUDA_VISIBLE_DEVICES, or torch's number."""
    count = torch.cuda.device_count()
    given = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    seen = [name.strip() for name in given if name.strip()]
    return seen[:count] if len(seen) >= count else [str(number) for number in range(count)]


def _free(usable: Sequence[int], folder: Path) -> list[int]:
    """The GPUs that nobody holds, the first of which this process now does; OSError without such files."""
    # jobs may see different GPUs, under different numbers or names
    files = {number: folder / f"{torch.cuda.get_device_properties(number).uuid}.lock" for number in usable}
    with (folder / "choice").open("a", encoding="utf-8") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # one job chooses at a time, because looking also locks
        free = [number for number, file in files.items() if _lock(file, keep=False)]
        if free:
            _lock(files[free[0]], keep=True)
    return free


# kept open for the life of the process: closing the file would release the lock
_held: list[IO[str]] = []


def _lock(path: Path, keep: bool) -> bool:
    """Whether nobody else holds the lock on this file; keep: take the lock and hold it."""
    file = path.open("a", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    if keep:
        _held.append(file)
    else:
        file.close()
    return True


def has_nvidia_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether Linux lists an NVIDIA GPU, usable by torch or not."""
    return any(devices.glob("nvidia[0-9]*"))


def why_no_gpu() -> str:
    """In one line, why the CPU is used although there is a GPU; "" where there is none, or it is hidden."""
    build = f"torch {torch.__version__}"
    if torch.cuda.is_available() and (failure := _failure()):
        return (
            f"the GPU cannot be used ({failure}), so the CPU is used: see nvidia-smi, or restart the machine"
        )
    if torch.cuda.is_available() and torch.cuda.device_count():
        cards = ", ".join(
            f"{torch.cuda.get_device_name(number)} (sm_{major}{minor})"
            for number in range(torch.cuda.device_count())
            for major, minor in [torch.cuda.get_device_capability(number)]
        )
        remedy = f"install a build of torch that has; {build} is for {' '.join(torch.cuda.get_arch_list())}"
        return f"torch has no kernels for the GPU {cards}, so the CPU is used: {remedy}"
    if torch.backends.mps.is_available():
        return "the networks do not run on Apple's GPUs, so the CPU is used; there is nothing to set"
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    # a first name that can be no GPU's, as -1 or Slurm's NoDevFiles, hides all
    hidden = chosen is not None and not re.match(r"\s*(\d|GPU-|MIG-)", chosen)
    if not has_nvidia_gpu() or hidden:
        return ""
    other = f", or CUDA_VISIBLE_DEVICES={chosen} none of its GPUs" if chosen else ""
    remedy = f"{build} is built for CUDA {torch.version.cuda}; is the driver older than that{other}?"
    if torch.version.cuda is None:
        remedy = f"{build} is built without CUDA; install the build for this machine's driver"
    return f"this machine has an NVIDIA GPU that torch cannot use, so the CPU is used: {remedy}"
