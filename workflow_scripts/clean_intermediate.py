"""Free the disk of what can be made again without a training."""

import logging

from dancenow.job import job
from dancenow.storage import clean

with job(snakemake.log[0]):
    logging.info("%s", "\n".join(clean(".", snakemake.params.stay)))
