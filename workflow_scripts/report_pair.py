"""Report on one page whether a target's footage covers a source's dance, before any training."""

from dancenow.job import job
from dancenow.pages.report.reports import report_pair

with job(snakemake.log[0]):
    given = snakemake.input
    report_pair(
        (snakemake.wildcards.target, snakemake.wildcards.source),
        (given.target_frames, given.source_frames),
        (given.target_people, given.source_people),
        (given.target_camera, given.source_camera),
        snakemake.params.tracking,
        snakemake.params.limbs,
        snakemake.params.holdout,
        snakemake.params.background,
        snakemake.params.references,
        snakemake.output.page,
        snakemake.output.report,
    )
