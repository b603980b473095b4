"""Show faces before and after the face generator."""

from dancenow.figures.faces import TargetFiles, plot_faces
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, asked, made = snakemake.input, snakemake.params, snakemake.output
    videos = dict(zip(asked.names, given.videos, strict=True))
    target = TargetFiles(given.frames, given.pose, given.steady)
    plot_faces(videos, target, asked.holdout, asked.size, made.png, made.pdf)
