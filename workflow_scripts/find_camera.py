"""Measure how the camera of a clip moves."""

from dancenow.camera.find import find_path_file
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    find_path_file(snakemake.input.frames, snakemake.input.people, snakemake.output.camera)
