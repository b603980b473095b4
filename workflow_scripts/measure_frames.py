"""The numbers of a transfer, frame by frame, for the gallery."""

from types import SimpleNamespace

from dancenow.job import job
from dancenow.pages.gallery.series import measure_frames

with job(snakemake.log[0], snakemake.threads) as threads:
    inputs = SimpleNamespace(**dict(snakemake.input.items()), truth=snakemake.params.truth)
    measure_frames(inputs, snakemake.output.series, snakemake.params.holdout, threads)
