"""Source, normalised skeleton and result of a transfer in one picture."""

from dancenow.job import job
from dancenow.transfer_figure import plot_transfer

with job(snakemake.log[0]):
    given = snakemake.input
    plot_transfer(given.source_frames, given.pose, given.video, snakemake.output.figure)
