"""Read back what a result states about its origin, as anybody would."""

import logging

from dancenow.authenticity.opinion import opinion
from dancenow.files import write_json
from dancenow.job import job
from dancenow.provenance.finishing import kept_key, kept_payloads
from dancenow.provenance.keys import authority
from dancenow.provenance.verdict import examine, lines_of

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input):
    # the detector is not an input: a verdict must not train one
    found = examine(snakemake.input.video, authority(), kept_key(), opinion, kept_payloads())
    for line in lines_of(found):
        logging.info("%s", line)
    write_json(snakemake.output.verdict, found)
