"""Synthesize the target in the source's poses, without sound."""

from dancenow.job import job
from dancenow.planning.consent import tell_consent
from dancenow.synthesis.synthesizer import synthesize
from dancenow.synthesis.transfer import TransferFiles, open_transfer

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    # from the configuration: a changed date must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target, snakemake.wildcards.source])
    camera, provenance = snakemake.params.camera, snakemake.params.provenance
    transfer = open_transfer(TransferFiles(**dict(snakemake.input.items())), camera, provenance)
    synthesize(transfer, snakemake.output.video, threads)
