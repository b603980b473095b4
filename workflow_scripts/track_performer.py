"""Follow one performer among everyone found, and repair and smooth the keypoints."""

from dancenow.job import job
from dancenow.pose.performer import track_file

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    track_file(given.people, given.camera, given.facts, snakemake.output.pose, **snakemake.params.tracking)
