"""Make the performer's mask in each frame."""

from dancenow.camera.steady_frames import open_steady
from dancenow.camera.view import load_view
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.model.performer_masks import performer_masks
from dancenow.pose.masks import load_masks, save_masks
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0], snakemake.threads):
    view, found = load_view(snakemake.input.steady), snakemake.input.masks
    frames = open_steady(snakemake.input.frames, view)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    pose = view.on_canvas(load_pose(snakemake.input.pose))
    found = view.steady_masks(load_masks(found)) if found else None
    masks, _ = performer_masks(frames, pose, found, count)
    save_masks(snakemake.output.masks, masks)
