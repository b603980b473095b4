"""Show everyone in a clip with their numbers."""

from dancenow.figures.people_figure import plot_people
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    plot_people(snakemake.input.frames, snakemake.input.people, snakemake.output.figure)
