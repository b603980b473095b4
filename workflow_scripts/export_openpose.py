"""A pose as a folder of OpenPose JSON."""

from dancenow.formats.exporting import export_openpose
from dancenow.job import job

with job(snakemake.log[0]):
    export_openpose(snakemake.input.pose, snakemake.input.facts, snakemake.output.folder)
