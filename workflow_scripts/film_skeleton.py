"""What the generator was given, as a video for the gallery."""

from dancenow.gallery.panels import film_skeleton
from dancenow.job import job

with job(snakemake.log[0]):
    film_skeleton(snakemake.input.pose, snakemake.output.video)
