"""The target in its own held-out poses, silent."""

from dancenow.dataset import heldout
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.synthesis import synthesize

with job(snakemake.log[0], snakemake.threads) as threads:
    pose = heldout(load_pose(snakemake.input.pose), snakemake.params.holdout)
    synthesize(snakemake.input.generator, pose, snakemake.output.video, threads)
