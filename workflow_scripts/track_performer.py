"""One performer out of everyone found, cleaned."""

from dancenow.job import job
from dancenow.performer import track_file

with job(snakemake.log[0]):
    track_file(snakemake.input.people, snakemake.output.pose, **dict(snakemake.params.items()))
