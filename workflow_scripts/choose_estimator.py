"""Decide, once per run, which pose estimator and weights are used for all clips."""

import logging

from dancenow.files import write_json
from dancenow.job import job
from dancenow.pose.estimators.choosing import choose

with job(snakemake.log[0], reads=snakemake.input):
    decision = choose(snakemake.params.estimator, snakemake.params.checkpoint)
    logging.info("pose estimator: %s (%s)", decision["estimator"], decision["reason"])
    write_json(snakemake.output.decision, decision)
