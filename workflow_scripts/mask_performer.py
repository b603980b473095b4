"""Make the performer's mask in each frame."""

from dancenow.camera.steady_frames import open_target
from dancenow.job import job
from dancenow.model.performer_masks import performer_masks
from dancenow.pose.masks import load_masks, save_masks
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    given = snakemake.input
    frames, pose, view = open_target(given.frames, given.steady, given.pose)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    found = view.steady_masks(load_masks(given.masks)) if given.masks else None
    masks, _ = performer_masks(frames, pose, found, count)
    save_masks(snakemake.output.masks, masks)
