"""Write one page about a model."""

from dancenow.job import job
from dancenow.training.training_summary import write_summary

with job(snakemake.log[0]):
    given, made = snakemake.input, snakemake.output
    write_summary(
        given.settings, given.training, given.losses, made.curve, made.page, snakemake.wildcards.target
    )
