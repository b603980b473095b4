"""Cut the target's training frames into parts."""

from pathlib import Path

from dancenow.camera.steady_frames import open_steady
from dancenow.camera.view import load_view
from dancenow.job import job
from dancenow.keypoints import load_pose
from dancenow.pictures import read_png
from dancenow.pose.masks import load_masks
from dancenow.references.bank import make_bank
from dancenow.references.files import save_bank
from dancenow.training.holdout import training_frame_count

with job(snakemake.log[0], snakemake.threads):
    given = snakemake.input
    view = load_view(given.steady)
    frames = open_steady(given.frames, view)
    count = training_frame_count(len(frames), snakemake.params.holdout)
    background = read_png(Path(given.background))
    bank = make_bank(
        frames, view.on_canvas(load_pose(given.pose)), load_masks(given.masks), background, count
    )
    save_bank(snakemake.output.references, bank)
