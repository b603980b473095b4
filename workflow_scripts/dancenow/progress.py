"""When a long loop says how far it is."""

import time

LOG_SECONDS = 10  # between two lines of a log, about


class LogTimer:
    """Runs from when it is made, and says when the next line of a log is due."""

    def __init__(self) -> None:
        self._began = self._logged = time.monotonic()

    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def due(self, always: bool = False) -> bool:
        """Whether to log now: LOG_SECONDS after it last was, or `always`, as at a loop's end."""
        now = time.monotonic()
        if not always and now - self._logged < LOG_SECONDS:
            return False
        self._logged = now
        return True
