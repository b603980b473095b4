"""Cut the target's training frames into parts."""

from pathlib import Path

from dancenow.camera.steady_frames import open_target
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.pictures import read_png
from dancenow.pose.masks import load_masks
from dancenow.references.files import save_bank
from dancenow.references.making import make_bank
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    given = snakemake.input
    frames, pose, _ = open_target(given.frames, given.steady, given.pose)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    background = read_png(Path(given.background), (pose.width, pose.height))
    bank = make_bank(frames, pose, load_masks(given.masks), background, count)
    save_bank(snakemake.output.references, bank, load_pose(given.pose), count)
