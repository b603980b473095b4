"""Measure a transfer frame by frame, for the gallery."""

from dancenow.job import job
from dancenow.pages.gallery.series import measure_frames

with job(snakemake.log[0], snakemake.threads) as threads:
    given, asked = snakemake.input, snakemake.params
    measure_frames(
        given.video, given.driving_pose, given.target_pose, given.target_statistics, given.decision,
        asked.truth or None, snakemake.output.series, asked.holdout, threads,
    )  # fmt: skip
