"""Measure a transfer frame by frame, for the gallery."""

from dancenow.job import job
from dancenow.pages.gallery.series import MeasuredFiles, measure_frames

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given, asked = snakemake.input, snakemake.params
    files = MeasuredFiles(
        given.video,
        given.driving_pose,
        given.target_pose,
        given.target_statistics,
        given.decision,
        asked.truth or None,
    )
    measure_frames(files, snakemake.output.series, asked.holdout, threads)
