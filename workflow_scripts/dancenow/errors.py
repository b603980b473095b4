"""The exceptions that a user is meant to read, and the marks of two that no library names well."""

import errno
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

# a disk, or the connection to it, that does not answer or refuses access; says nothing about the files there
AWAY = {
    *(errno.EIO, errno.EREMOTEIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
}
# the messages of torch, CUDA's libraries and OpenCV, most of which have no exception type for it, and what
# torch says of a loading process that the system ended, for lack of main or of shared memory
MEMORY_WORDS = (
    *("out of memory", "can't allocate memory", ": cannot allocate memory", "insufficient memory"),
    "alloc_failed",
    *("cublas_status_not_initialized", "killed by signal: killed", "killed by signal: bus error"),
)
# of those messages, the ones about a GPU's memory
GPU_WORDS = ("cuda", "cublas", "cudnn", "hip ")


class InputError(Exception):
    """Unusable user input. The message is one line: what is wrong, where, and what to do."""

    def __init__(self, message: str) -> None:
        # a file name may contain a line break
        super().__init__(message.replace("\n", "\\n").replace("\r", "\\r"))


def refuse_mixed(found: Mapping[Any, str]) -> None:
    """InputError unless all files, {path: what it holds, in words}, hold the same.

    They do not where results of two runs lie in one folder, or where somebody changed one.
    """
    (one, held), *others = found.items()
    for other, differs in others:
        if differs != held:
            remedy = "they are not of one run: delete both to make them again"
            raise InputError(f"{one} holds {held}, {other} {differs}; {remedy}")


def bring_back(path: str | Path, otherwise: str = "copy the clip again") -> str:
    """What to do about a film that is damaged: delete it, if the workflow made it, and `otherwise` if not."""
    return "delete it to make it again" if Path(path).parts[:1] == ("results",) else otherwise


def frames_of(count: int, width: int, height: int) -> str:
    """What a file of so many frames holds, in words, for refuse_mixed."""
    return f"{count} frames of {width}x{height} px"


class DivergedError(InputError):
    """A loss, weight or gradient is no longer finite. The message is one line, as for every InputError."""


class NoMemoryError(InputError):
    """Memory ran out during a training."""


class Stopped(Exception):
    """Stopped by a signal: the work is saved, and the same command continues from there."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception, of any library, says that memory ran out, on the machine or on a GPU."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    told = str(error).lower().replace("cannot allocate memory in static tls", "")  # a few KB for libraries
    return any(words in told for words in MEMORY_WORDS)


def more_memory(error: BaseException) -> str:
    """What to do after an exception that is `out_of_memory`, so that the same step finds enough, in words."""
    if any(words in str(error).lower() for words in GPU_WORDS):
        return (
            "end what else uses the GPU and run again, or put CUDA_VISIBLE_DEVICES= before the command to "
            "take the CPU"
        )
    return "close other programs and run again"


def lacking(error: BaseException) -> str | None:
    """What to do about a package that is missing, broken, of another version or maker, or too large for the
    memory that is left, in one line.

    None for any other error, and where a module of the library itself is not found, which is a bug.
    """
    if isinstance(error, ImportError):
        named = error.name or ""
    elif isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        named = error.obj.__name__
    else:
        return None
    if named.split(".")[0] == "dancenow":
        return None
    if out_of_memory(error):
        return (
            f"memory ran out while a package was loaded ({one_line(error)}); close other programs, or raise "
            "the limit that a cluster or the shell sets (ulimit -v)"
        )
    return (
        f"this environment lacks a package, or has another version of it ({one_line(error)}); "
        "build it anew: rm -rf .venv && make env, or see docs/environment.md"
    )


def one_line(error: BaseException) -> str:
    """The start of an exception's message; torch's fill a page."""
    return " ".join(str(error).split())[:160]
