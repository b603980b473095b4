"""Measure where a clip's performer stands, far and close, and how tall they appear there."""

from dancenow.job import job
from dancenow.pose.normalize_files import measure_normalization_file

with job(snakemake.log[0], reads=snakemake.input):
    measure_normalization_file(snakemake.input.pose, snakemake.input.camera, snakemake.output.statistics)
