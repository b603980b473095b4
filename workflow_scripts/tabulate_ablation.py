"""Write the table of a comparison."""

from dancenow.figures.comparison import compare_files
from dancenow.figures.tables import tabulate_ablation
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    comparison = compare_files(asked.names, given.metrics, given.series)
    tabulate_ablation(comparison, asked.what, made.markdown, made.latex, made.csv)
