"""Human motion transfer: the library behind the workflow's scripts. Nothing here imports snakemake.

A house of rooms, which stand on each other in the order in which data passes through them: planning, video
and cluster; pose; references; model; synthesis and authenticity; training; evaluation; figures and pages. A
room imports only what stands below it. The __init__ of each says what it takes, what it gives, and what is
never in it. What every room needs lies beside them, on the ground.

references stands between pose and model: it looks at skeletons and masks, and a generator is shown what it
gives. The masks that an estimator finds are pose's; the performer's are made with the background, in model.
"""

import os

# Before torch is imported: threads that wait for work sleep. Spinning threads were 3 % faster on an idle
# machine, and fell far behind whenever something else wanted a core.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
