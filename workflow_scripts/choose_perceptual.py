"""Decide, once per run, which ImageNet network the perceptual loss uses, and record the decision."""

import logging

from dancenow.files import write_json
from dancenow.job import job
from dancenow.model.perceptual import choose

with job(snakemake.log[0], reads=snakemake.input):
    decision = choose(snakemake.params.network)
    logging.info("perceptual network: %s (%s)", decision["network"], decision["reason"])
    write_json(snakemake.output.decision, decision)
