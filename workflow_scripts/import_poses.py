"""Import the user's own keypoints instead of detecting them."""

from dancenow.job import job
from dancenow.pose.formats.importing import import_poses

with job(snakemake.log[0], reads=snakemake.input):
    import_poses(snakemake.params.poses, snakemake.input.facts, snakemake.output.people)
