"""Combine one dance by several people in one video."""

from dancenow.figures.side_by_side import compare_people
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given, asked = snakemake.input, snakemake.params
    compare_people(
        snakemake.wildcards.source,
        asked.targets,
        given.source,
        given.videos,
        asked.clip,
        snakemake.output.video,
    )
