"""A source's frames as a video for the gallery."""

from dancenow.gallery.panels import film_source
from dancenow.job import job

with job(snakemake.log[0]):
    film_source(snakemake.input.frames, snakemake.output.video)
