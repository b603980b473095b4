"""List the published weights of a run, fetched where there is internet."""

import logging

from dancenow.cluster.weights import write_list
from dancenow.files import read_json
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    given = snakemake.input
    decisions = [read_json(path) for path in (given.estimator, given.perceptual, given.lpips)]
    lines = write_list(*decisions, snakemake.output.list)
    logging.info("%s", "\n".join(lines))
