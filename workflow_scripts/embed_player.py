"""Write one transfer's page of the gallery, self-contained."""

from dancenow.job import job
from dancenow.pages.gallery.page import write_player

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    write_player(
        snakemake.params.pair,
        (given.source, given.skeleton, given.result, given.series),
        snakemake.output.page,
    )
