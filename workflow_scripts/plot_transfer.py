"""Show source, normalised skeleton and result of a transfer in one picture."""

from dancenow.figures.transfer_figure import plot_transfer
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    plot_transfer(given.source_frames, given.pose, given.video, snakemake.output.figure)
