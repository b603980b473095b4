"""Judge whether one video is real, with the detector's confidence and the people it learned from."""

from dancenow.authenticity.judge import JudgedFiles, judge_video
from dancenow.job import job

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given = snakemake.input
    files = JudgedFiles(given.video, given.detector, given.report, given.get("frames"))
    name, seed = snakemake.wildcards.video, snakemake.params.seed
    judge_video(files, snakemake.output.verdict, name, seed, threads)
