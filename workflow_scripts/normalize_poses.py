"""Move the source's motion to the target's size and place, with the target's limb lengths."""

from dancenow.job import job
from dancenow.pose.normalize_files import normalize_pair

with job(snakemake.log[0]):
    given = snakemake.input
    normalize_pair(
        given.source_pose,
        given.source_camera,
        given.source_statistics,
        given.target_pose,
        given.target_statistics,
        snakemake.output.pose,
        snakemake.params.limbs,
        snakemake.params.max_gap,
    )
