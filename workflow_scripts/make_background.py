"""Make the target's background."""

from pathlib import Path

from dancenow.camera.steady_frames import open_target
from dancenow.job import job
from dancenow.keypoints import load_people
from dancenow.model.background import make_background
from dancenow.pictures import write_png
from dancenow.pose.masks import load_masks
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    frames, pose, view = open_target(given.frames, given.steady, given.pose)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    people = view.steady_people(load_people(given.people))
    background = make_background(frames, pose, count, load_masks(given.masks), people)
    write_png(Path(snakemake.output.background), background)
