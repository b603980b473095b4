"""The finished video: the synthesized picture with the sound of its source."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.video.media import mux

with job(snakemake.log[0], snakemake.threads):
    (facts,) = read_json(snakemake.input.facts)  # a source is one clip
    mux(snakemake.input.video, snakemake.params.clip, facts, snakemake.output.video)
