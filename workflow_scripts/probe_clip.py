"""Read the properties of a subject's clips: size, rotation, colour, rate, sound, and the part to use."""

from dancenow.files import write_json
from dancenow.job import job
from dancenow.video.media import probe

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    parts = zip(snakemake.params.clips, snakemake.params.parts, strict=True)
    write_json(snakemake.output.facts, [probe(clip, **part) for clip, part in parts])
