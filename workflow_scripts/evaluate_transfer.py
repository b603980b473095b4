"""Score a transfer against footage of the target performing the same dance, with two baselines."""

from dancenow.evaluation.evaluate import EvaluationFiles, evaluate_transfer
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given = dict(snakemake.input.items()) | dict(snakemake.output.items())
    given.pop("absent")  # the truth comes from a param, because it is the user's file
    files = EvaluationFiles(**given, truth=snakemake.params.truth)
    evaluate_transfer(files, snakemake.params.holdout, snakemake.params.seed, threads)
