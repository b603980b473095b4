"""Find everyone in every frame of a clip."""

from dancenow.estimators import detect_people, open_estimator
from dancenow.files import read_json
from dancenow.frames import FrameStore
from dancenow.job import job
from dancenow.keypoints import save_people

with job(snakemake.log[0], snakemake.threads) as threads:
    estimator = open_estimator(read_json(snakemake.input.decision), threads)
    frames = FrameStore(snakemake.input.frames)
    save_people(snakemake.output.people, detect_people(estimator, frames, snakemake.wildcards.subject))
