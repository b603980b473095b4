"""A contact sheet of everyone in a clip, with their numbers."""

from dancenow.job import job
from dancenow.people_figure import plot_people

with job(snakemake.log[0]):
    plot_people(snakemake.input.frames, snakemake.input.people, snakemake.output.figure)
