"""Write one page about a model, or about a later stage of it."""

from dancenow.job import job
from dancenow.training.training_summary import write_summary

with job(snakemake.log[0], reads=snakemake.input):
    given, made, names = snakemake.input, snakemake.output, snakemake.wildcards
    page = made.curve, made.page, names.target, names.get("stage", "")
    write_summary(given.settings, given.training, given.losses, *page)
