"""Write the target's frames and pose at half the size."""

from dancenow.job import job
from dancenow.training.halving import halve_footage

with job(snakemake.log[0], reads=snakemake.input):
    given, made = snakemake.input, snakemake.output
    halve_footage(given.frames, given.steady, given.pose, made.frames, made.pose)
