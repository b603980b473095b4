"""Report on one page whether a clip is suitable, before any training."""

from dancenow.job import job
from dancenow.pages.report.reports import report_footage

with job(snakemake.log[0]):
    report_footage(
        snakemake.wildcards.subject,
        snakemake.input.frames,
        snakemake.input.people,
        snakemake.input.camera,
        snakemake.params.tracking,
        snakemake.params.holdout,
        snakemake.params.background,
        snakemake.output.page,
        snakemake.output.report,
    )
