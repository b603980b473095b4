"""Choose the reference of each part in each frame of a dance."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.references.files import load_bank, save_choice

with job(snakemake.log[0], reads=snakemake.input):
    pose, cuts = load_pose(snakemake.input.pose), read_json(snakemake.input.facts)["cuts"]
    bank = load_bank(snakemake.input.references)
    choice = bank.choose(pose.keypoints, cuts, pose.fps)
    save_choice(snakemake.output.chosen, choice, bank, pose.keypoints)
