"""The exceptions that a user is meant to read."""


class InputError(Exception):
    """Something the user gave cannot be used. The message is one line: what, where, and what to do."""

    def __init__(self, message):
        # a file's name may hold a line break
        super().__init__(message.replace("\n", "\\n").replace("\r", "\\r"))


class DivergedError(InputError):
    """Training has left the finite numbers. The message is one line, like every InputError's."""


class Stopped(Exception):
    """Asked to stop by a signal: what was done is saved, and the same command goes on from there."""
