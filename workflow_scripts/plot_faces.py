"""Show faces before and after the face generator."""

from dancenow.figures.faces import plot_faces
from dancenow.job import job

with job(snakemake.log[0]):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    plot_faces(
        asked.names,
        given.videos,
        given.frames,
        given.pose,
        asked.holdout,
        asked.size,
        made.png,
        made.pdf,
        given.steady,
    )
