"""The target's background."""

from pathlib import Path

from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.model.background import make_background
from dancenow.pictures import write_png
from dancenow.pose.masks import load_masks
from dancenow.training.dataset import training_frame_count
from dancenow.video.frames import FrameStore

with job(snakemake.log[0]):
    frames = FrameStore(snakemake.input.frames)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    background = make_background(
        frames, load_pose(snakemake.input.pose), count, load_masks(snakemake.input.masks)
    )
    write_png(Path(snakemake.output.background), background)
