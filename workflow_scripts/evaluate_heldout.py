"""Score the reconstruction of footage that training never saw, with two baselines."""

from dancenow.evaluation.evaluate import EvaluationFiles, evaluate_heldout
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    files = EvaluationFiles(**dict(snakemake.input.items()), **dict(snakemake.output.items()))
    evaluate_heldout(files, snakemake.params.holdout, snakemake.params.seed, threads)
