"""Plot the bars of a comparison."""

from dancenow.figures.bars import plot_ablation
from dancenow.figures.comparison import compare_files
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    plot_ablation(compare_files(snakemake.params.names, given.metrics, given.series), made.png, made.pdf)
