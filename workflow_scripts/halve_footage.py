"""The target's frames and pose at half the size."""

from dancenow.job import job
from dancenow.training.halving import halve_footage

with job(snakemake.log[0]):
    halve_footage(snakemake.input, snakemake.output)
