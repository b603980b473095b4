"""Report on one page whether a target's footage covers a source's dance, before any training."""

from dancenow.job import job
from dancenow.pages.report.footage import ClipFiles
from dancenow.pages.report.reports import PlannedTraining, report_pair

with job(snakemake.log[0], reads=snakemake.input):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    clips = [
        ClipFiles(
            snakemake.wildcards[role],
            given[f"{role}_frames"],
            given[f"{role}_people"],
            given[f"{role}_camera"],
            tracking,
        )
        for role, tracking in zip(("target", "source"), asked.tracking, strict=True)
    ]
    training = PlannedTraining(asked.holdout, asked.background, asked.references)
    report_pair(*clips, asked.limbs, training, made.page, made.report)
