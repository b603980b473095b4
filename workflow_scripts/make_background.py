"""The target's background."""

from pathlib import Path

from dancenow.job import job
from dancenow.keypoints import load_people, load_pose
from dancenow.model.background import make_background
from dancenow.pictures import write_png
from dancenow.pose.masks import load_masks
from dancenow.training.dataset import training_frame_count
from dancenow.video.frames import FrameStore

with job(snakemake.log[0]):
    given = snakemake.input
    frames = FrameStore(given.frames)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    people = load_people(given.people)
    background = make_background(frames, load_pose(given.pose), count, load_masks(given.masks), people)
    write_png(Path(snakemake.output.background), background)
