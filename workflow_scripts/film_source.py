"""Write a source's frames as a video for the gallery."""

from dancenow.job import job
from dancenow.pages.gallery.panels import film_source

with job(snakemake.log[0], reads=snakemake.input):
    film_source(snakemake.input.frames, snakemake.output.video)
