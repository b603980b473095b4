"""Make the target's background."""

from pathlib import Path

from dancenow.camera.steady_frames import open_steady
from dancenow.camera.view import load_view
from dancenow.job import job
from dancenow.keypoints import load_people, load_pose
from dancenow.model.background import make_background
from dancenow.pictures import write_png
from dancenow.pose.masks import load_masks
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0]):
    given = snakemake.input
    view = load_view(given.steady)
    frames = open_steady(given.frames, view)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    people, pose = view.steady_people(load_people(given.people)), view.on_canvas(load_pose(given.pose))
    background = make_background(frames, pose, count, load_masks(given.masks), people)
    write_png(Path(snakemake.output.background), background)
