"""Score the reconstruction of footage that training never saw, beside two baselines."""

from dancenow.evaluation.evaluate import evaluate_heldout
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads) as threads:
    evaluate_heldout(
        snakemake.input,
        snakemake.output.metrics,
        snakemake.output.table,
        snakemake.output.series,
        snakemake.params.holdout,
        snakemake.params.seed,
        threads,
    )
