"""Show all transfers in one picture."""

from dancenow.figures.grid import plot_grid
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    plot_grid(
        snakemake.params.pairs,
        given.sources,
        given.source_poses,
        given.poses,
        given.videos,
        made.png,
        made.pdf,
    )
