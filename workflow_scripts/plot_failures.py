"""Show the worst frames of a result."""

from dancenow.figures.failures import plot_failures
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    truth = snakemake.params.truth or given.truth
    plot_failures(given.series, given.video, truth, given.pose, made.png, made.pdf, given.get("steady"))
