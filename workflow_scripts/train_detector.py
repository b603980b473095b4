"""Train the detector to distinguish clips of the training's targets from results that show them."""

from dancenow.authenticity.judge import train_on_videos
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given, asked = snakemake.input, snakemake.params
    output = snakemake.output.detector
    train_on_videos(given.real, given.fake, asked.pairs, output, asked.steps, asked.seed, threads)
