"""Delete what can be made again without training."""

import logging

from dancenow.cluster.storage import clean
from dancenow.job import job

with job(snakemake.log[0], reads=snakemake.input):
    logging.info("%s", "\n".join(clean(".", snakemake.params.stay)))
