"""Write the gallery: every transfer with its source and skeleton, on one page."""

from dancenow.job import job
from dancenow.pages.gallery.page import write_gallery

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    write_gallery(
        snakemake.params.transfers,
        zip(given.sources, given.skeletons, given.results, given.series, strict=True),
        snakemake.output.page,
    )
