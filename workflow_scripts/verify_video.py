"""What a result states of its origin, read back as anybody would read it."""

import logging

from dancenow.files import write_json
from dancenow.job import job
from dancenow.provenance.finishing import kept_key
from dancenow.provenance.keys import authority
from dancenow.provenance.verdict import examine

with job(snakemake.log[0], snakemake.threads):
    told = examine(snakemake.input.video, authority(), kept_key())
    logging.info("%s", told["verdict"])
    write_json(snakemake.output.verdict, told)
