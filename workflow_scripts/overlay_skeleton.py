"""A clip with its performer's skeleton on top."""

from dancenow.job import job
from dancenow.overlay import overlay_skeleton

with job(snakemake.log[0]):
    given = snakemake.input
    overlay_skeleton(given.frames, given.pose, snakemake.params.clips, snakemake.output.video)
