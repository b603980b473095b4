"""Show all transfers in one picture."""

from dancenow.figures.grid import plot_grid
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    files = given.sources, given.source_poses, given.poses, given.videos
    plot_grid(zip(snakemake.params.pairs, *files, strict=True), made.png, made.pdf)
