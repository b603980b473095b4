"""Show consecutive frames of several trainings."""

from dancenow.figures.filmstrip import plot_filmstrip
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    plot_filmstrip(snakemake.params.names, given.videos, given.pose, made.png, made.pdf)
