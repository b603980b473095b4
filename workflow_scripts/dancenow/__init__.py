"""Human motion transfer: the library behind the workflow's scripts. Nothing here imports snakemake.

The library consists of rooms (folders), in the order in which data passes through them: planning, video
and cluster; camera and provenance; pose; references; model; synthesis and authenticity; training; evaluation
and machine; figures and pages. A room imports only rooms before it. The __init__ of each says what it takes,
what it returns, and what it never contains. Modules that every room needs are beside the rooms, in this
folder.

references comes between pose and model: it reads skeletons and masks, and a generator sees what it
returns. The estimator's masks belong to pose; the performer's are made with the background, in model.
"""

import os
import sys
from types import TracebackType

from dancenow.errors import lacking

# Before torch and numpy are imported: threads that wait for work sleep. Spinning threads of OpenMP were 3 %
# faster on an idle machine, but much slower whenever another process wanted a core.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
# Those of numpy's OpenBLAS cannot be told to sleep: each small product kept another core busy for tens of
# milliseconds, a third of all CPU time of a synthesis. No product here is large enough to gain from them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _in_one_line(kind: type, error: BaseException, trace: TracebackType | None) -> None:
    """Say what a script's imports lack before `job`, which has not begun yet, could."""
    if lack := lacking(error):
        sys.stderr.write(f"error: {lack}\n")
    else:
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:
    sys.excepthook = _in_one_line
