"""The target's training frames, cut into parts."""

from pathlib import Path

from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.pictures import read_png
from dancenow.pose.masks import load_masks
from dancenow.references.bank import make_bank
from dancenow.references.files import save_bank
from dancenow.training.dataset import training_frame_count
from dancenow.video.frames import FrameStore

with job(snakemake.log[0], snakemake.threads):
    given = snakemake.input
    frames = FrameStore(given.frames)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    background = read_png(Path(given.background))
    bank = make_bank(frames, load_pose(given.pose), load_masks(given.masks), background, count)
    save_bank(snakemake.output.references, bank)
