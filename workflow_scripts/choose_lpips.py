"""Decide, once per run, whether LPIPS is measured in addition to LPIPS-form, and record the decision."""

import logging

from dancenow.evaluation.lpips import choose_lpips
from dancenow.files import write_json
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    decision = choose_lpips()
    logging.info("LPIPS: %s", decision["reason"])
    write_json(snakemake.output.decision, decision)
