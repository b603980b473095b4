"""Convert a Markdown page to self-contained HTML."""

from dancenow.job import job
from dancenow.pages.publishing import publish

with job(snakemake.log[0], reads=snakemake.input):
    publish(snakemake.input.page, snakemake.output.page)
