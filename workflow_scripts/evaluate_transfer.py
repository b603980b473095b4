"""Score a transfer against footage of the target performing the same dance, beside two baselines."""

from types import SimpleNamespace

from dancenow.evaluation.evaluate import evaluate_transfer
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads) as threads:
    evaluate_transfer(
        SimpleNamespace(**dict(snakemake.input.items()), truth=snakemake.params.truth),
        snakemake.output.metrics,
        snakemake.output.table,
        snakemake.output.series,
        snakemake.params.holdout,
        snakemake.params.seed,
        threads,
    )
