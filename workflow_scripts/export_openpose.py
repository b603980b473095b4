"""Write a pose as a folder of OpenPose JSON."""

from dancenow.job import job
from dancenow.pose.formats.exporting import export_openpose

with job(snakemake.log[0], reads=snakemake.input):
    export_openpose(snakemake.input.pose, snakemake.input.facts, snakemake.output.folder)
