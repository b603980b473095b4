"""Human motion transfer: the library behind the workflow's scripts. Nothing here imports snakemake."""

import os

# Before torch is imported: threads that wait for work sleep. Spinning threads were 3 % faster on an idle
# machine, and fell far behind whenever something else wanted a core.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
