"""Fit the source's motion into the target's frame without normalisation."""

from dancenow.job import job
from dancenow.pose.normalize_files import letterbox_pair

with job(snakemake.log[0], reads=snakemake.input):
    letterbox_pair(snakemake.input.source_pose, snakemake.input.target_pose, snakemake.output.pose)
