"""Facts about a clip: size, rotation, colour, rate, sound."""

from dancenow.files import write_json
from dancenow.job import job
from dancenow.media import probe

with job(snakemake.log[0], snakemake.threads):
    write_json(snakemake.output.facts, probe(snakemake.input.clip))
