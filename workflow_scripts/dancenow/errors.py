"""The exceptions that a user is meant to read, and the marks of two that no library names well."""

import errno

# a disk, or the way to it, that does not answer or lets nobody in; nothing is said of what lies there
AWAY = {
    *(errno.EIO, errno.EREMOTEIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.ENOTCONN),
    *(errno.EACCES, errno.EPERM, errno.EROFS),
}
# how torch, CUDA's libraries and OpenCV say it; most of them have no exception of its own for it
MEMORY_WORDS = ("out of memory", "can't allocate memory", "insufficient memory", "alloc_failed")


class InputError(Exception):
    """Something the user gave cannot be used. The message is one line: what, where, and what to do."""

    def __init__(self, message: str) -> None:
        # a file's name may hold a line break
        super().__init__(message.replace("\n", "\\n").replace("\r", "\\r"))


class DivergedError(InputError):
    """Training has left the finite numbers. The message is one line, like every InputError's."""


class NoMemoryError(InputError):
    """Memory has run out in the middle of a training."""


class Stopped(Exception):
    """Asked to stop by a signal: what was done is saved, and the same command goes on from there."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception of whichever library says that memory, the machine's or a GPU's, has run out."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    return any(words in str(error).lower() for words in MEMORY_WORDS)


def one_line(error: BaseException) -> str:
    """The beginning of what an exception says; torch says a page."""
    return " ".join(str(error).split())[:160]
