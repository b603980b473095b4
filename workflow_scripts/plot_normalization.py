"""Show source skeleton, normalised skeleton and target footage side by side."""

from dancenow.figures.normalization_figure import plot_normalization
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    plot_normalization(
        given.source_frames,
        given.source_pose,
        given.target_frames,
        given.pose,
        snakemake.output.figure,
        given.steady,
    )
