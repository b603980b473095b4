"""Join the chunks of a synthesized video, without sound."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.synthesis.chunks import join_chunks

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    source, target = read_json(snakemake.input.facts), read_json(snakemake.input.target)
    join_chunks(snakemake.input.chunks, source, target, snakemake.output.video)
