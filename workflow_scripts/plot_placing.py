"""A transfer without and with normalisation."""

from dancenow.figures.placing import plot_placing
from dancenow.job import job

with job(snakemake.log[0]):
    plot_placing(snakemake.input, snakemake.output.png, snakemake.output.pdf)
