"""Report on one page whether a clip is suitable, before any training."""

from dancenow.job import job
from dancenow.pages.report.footage import ClipFiles
from dancenow.pages.report.reports import report_footage

with job(snakemake.log[0], reads=snakemake.input):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    clip = ClipFiles(snakemake.wildcards.subject, given.frames, given.people, given.camera, asked.tracking)
    report_footage(clip, asked.holdout, asked.background, made.page, made.report)
