"""Show a transfer without and with normalisation."""

from dancenow.figures.placing import plot_placing
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    plot_placing(
        (given.source_frames, given.source_pose),
        (given.target_frames, given.steady),
        (given.before_pose, given.before_video),
        (given.after_pose, given.after_video),
        made.png,
        made.pdf,
    )
