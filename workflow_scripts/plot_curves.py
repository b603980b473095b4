"""Plot the losses of several trainings."""

from dancenow.figures.curves import plot_curves
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    asked, made = snakemake.params, snakemake.output
    plot_curves(asked.names, asked.stages, snakemake.input.losses, made.png, made.pdf)
