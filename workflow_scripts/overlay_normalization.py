"""The source's skeleton over the target's footage, before and after the normalisation, as a video."""

from dancenow.job import job
from dancenow.normalization_overlay import overlay_normalization

with job(snakemake.log[0]):
    given = snakemake.input
    overlay_normalization(given.source_pose, given.pose, given.target_frames, snakemake.output.video)
