"""Map a target's frames and pose into the view of a steady camera; a pose of the upper body gets legs."""

from dancenow.camera.path import load_path
from dancenow.camera.scene import steady_view
from dancenow.camera.view import save_view
from dancenow.job import job
from dancenow.keypoints import load_pose, save_pose
from dancenow.pose.upper_bodies import with_legs
from dancenow.video.frames import FrameStore

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    pose = load_pose(snakemake.input.pose)
    view = steady_view(load_path(snakemake.input.camera), FrameStore(snakemake.input.frames), pose)
    save_view(snakemake.output.steady, view)
    save_pose(snakemake.output.pose, with_legs(view.framed().steady_pose(pose)))
