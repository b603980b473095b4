"""The target in the source's poses, silent."""

from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.synthesis import synthesize

with job(snakemake.log[0], snakemake.threads) as threads:
    synthesize(snakemake.input.generator, load_pose(snakemake.input.pose), snakemake.output.video, threads)
