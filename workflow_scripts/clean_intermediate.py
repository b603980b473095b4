"""Free the disk of what can be made again without a training."""

import logging

from dancenow.cluster.storage import clean
from dancenow.job import job

with job(snakemake.log[0]):
    logging.info("%s", "\n".join(clean(".", snakemake.params.stay)))
