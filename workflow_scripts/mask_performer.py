"""The performer's mask in each frame."""

from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.model.performer_masks import performer_masks
from dancenow.pose.masks import load_masks, save_masks
from dancenow.training.dataset import training_frame_count
from dancenow.video.frames import FrameStore

with job(snakemake.log[0], snakemake.threads):
    frames, found = FrameStore(snakemake.input.frames), snakemake.input.masks
    count = training_frame_count(len(frames), snakemake.params.holdout)
    pose = load_pose(snakemake.input.pose)
    masks, _ = performer_masks(frames, pose, load_masks(found) if found else None, count)
    save_masks(snakemake.output.masks, masks)
