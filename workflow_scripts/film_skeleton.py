"""Write the driving pose as a video for the gallery."""

from dancenow.job import job
from dancenow.pages.gallery.panels import film_skeleton

with job(snakemake.log[0], reads=snakemake.input):
    film_skeleton(snakemake.input.pose, snakemake.output.video)
