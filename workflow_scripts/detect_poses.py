"""Find everyone in every frame of a clip."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.keypoints import save_people
from dancenow.pose.estimators.choosing import open_estimator
from dancenow.pose.masks import save_masks
from dancenow.pose.people import detect_people
from dancenow.video.frames import FrameStore

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    estimator = open_estimator(read_json(snakemake.input.decision), threads)
    frames = FrameStore(snakemake.input.frames)
    people, masks = detect_people(estimator, frames, snakemake.wildcards.subject)
    save_masks(snakemake.output.masks, masks)
    save_people(snakemake.output.people, people)
