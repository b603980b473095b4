"""Write the table of a comparison."""

from dancenow.figures.tables import tabulate_ablation
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    tabulate_ablation(
        asked.names, given.metrics, given.series, asked.what, made.markdown, made.latex, made.csv
    )
