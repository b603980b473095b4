"""Where a clip's performer stands, far and close, and how tall they look there."""

from dancenow.job import job
from dancenow.pose.normalize import measure_stance_file

with job(snakemake.log[0]):
    measure_stance_file(snakemake.input.pose, snakemake.output.stance)
