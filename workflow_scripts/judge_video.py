"""Judge whether one video is real, with the detector's confidence and the people it learned from."""

from dancenow.authenticity.judge import judge_video
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads) as threads:
    given = snakemake.input
    name, seed = snakemake.wildcards.video, snakemake.params.seed
    frames = given.get("frames")
    judge_video(
        given.video, frames, given.detector, given.report, snakemake.output.verdict, name, seed, threads
    )
