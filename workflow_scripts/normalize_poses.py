"""Move the source's motion to the target's size and place, with the target's limb lengths."""

from dancenow.job import job
from dancenow.pose.normalize_files import PairFiles, normalize_pair

with job(snakemake.log[0], reads=snakemake.input):
    files, asked = PairFiles(**dict(snakemake.input.items())), snakemake.params
    normalize_pair(files, snakemake.output.pose, asked.limbs, asked.max_gap)
