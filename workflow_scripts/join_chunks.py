"""The target in the source's poses, silent, from its parts."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.synthesis.chunks import join_chunks

with job(snakemake.log[0], snakemake.threads):
    source, target = read_json(snakemake.input.facts), read_json(snakemake.input.target)
    join_chunks(snakemake.input.chunks, source, target, snakemake.output.video)
