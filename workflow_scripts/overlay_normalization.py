"""Film the source's skeleton over the target's footage, before and after normalisation."""

from dancenow.figures.normalization_overlay import overlay_normalization
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    overlay_normalization(
        given.source_pose, given.pose, given.target_frames, snakemake.output.video, given.steady
    )
