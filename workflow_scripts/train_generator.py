"""The target's generator."""

from dancenow.job import job
from dancenow.train_target import train_target

with job(snakemake.log[0], snakemake.threads) as threads:
    settings, holdout = snakemake.params.settings, snakemake.params.holdout
    train_target(snakemake.input, snakemake.output, settings, holdout, threads)
