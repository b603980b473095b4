"""A subject's frames, written as a result is written, so that the codec tells nothing."""

from dancenow.authenticity.detector_data import reencode
from dancenow.job import job

with job(snakemake.log[0]):
    reencode(snakemake.input.frames, snakemake.output.video, snakemake.params.provenance)
