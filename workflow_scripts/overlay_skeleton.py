"""Film a clip with its performer's skeleton drawn over it."""

from dancenow.figures.overlay import overlay_skeleton
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    overlay_skeleton(given.frames, given.pose, snakemake.params.clips, snakemake.output.video)
