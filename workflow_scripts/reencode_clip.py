"""Encode a subject's frames like a result, so that the codec gives no hint."""

from dancenow.authenticity.detector_data import reencode
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    reencode(snakemake.input.frames, snakemake.output.video, snakemake.params.provenance)
