"""The target's frames and pose at half the size."""

from dancenow.halving import halve_footage
from dancenow.job import job

with job(snakemake.log[0]):
    halve_footage(snakemake.input, snakemake.output)
