"""The performer's mask in each frame."""

from dancenow.dataset import training_frame_count
from dancenow.frames import FrameStore
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.masks import load_masks, performer_masks, save_masks

with job(snakemake.log[0], snakemake.threads):
    frames, found = FrameStore(snakemake.input.frames), snakemake.input.masks
    count = training_frame_count(len(frames), snakemake.params.holdout)
    pose = load_pose(snakemake.input.pose)
    masks, _ = performer_masks(frames, pose, load_masks(found) if found else None, count)
    save_masks(snakemake.output.masks, masks)
