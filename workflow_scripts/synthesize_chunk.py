"""Synthesize one chunk of the target in the source's poses, lossless and without sound."""

from dancenow.job import job
from dancenow.planning.consent import tell_consent
from dancenow.synthesis.chunks import synthesize_chunk
from dancenow.synthesis.transfer import TransferFiles, open_transfer

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    # from the configuration: a changed date must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target, snakemake.wildcards.source])
    camera, provenance = snakemake.params.camera, snakemake.params.provenance
    transfer = open_transfer(TransferFiles(**dict(snakemake.input.items())), camera, provenance)
    part = int(snakemake.wildcards.chunk), int(snakemake.wildcards.chunks), snakemake.params.overlap
    synthesize_chunk(transfer, snakemake.output.video, *part, threads)
