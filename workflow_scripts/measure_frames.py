"""The numbers of a transfer, frame by frame, for the gallery."""

from dancenow.gallery.series import measure_frames
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads) as threads:
    measure_frames(snakemake.input, snakemake.output.series, snakemake.params.holdout, threads)
