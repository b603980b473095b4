"""Decode all frames of a subject's clips once, at the working size, into one file with random access."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.planning.reruns import require_unchanged
from dancenow.video.frames import extract_frames

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    require_unchanged(snakemake.params.clips, snakemake.params.held)
    extract_frames(
        snakemake.params.clips,
        read_json(snakemake.input.facts, list),
        snakemake.params.long_edge,
        snakemake.output.frames,
    )
