"""The user's own keypoints, as if they had been detected."""

from dancenow.formats.importing import import_poses
from dancenow.job import job

with job(snakemake.log[0]):
    import_poses(snakemake.params.poses, snakemake.input.facts, snakemake.output.people)
