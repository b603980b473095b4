"""How fast this machine decodes the first pair's clips and finds the people in them, and their size."""

from dancenow.files import read_json, write_json
from dancenow.job import job
from dancenow.machine.detection import measure_detection
from dancenow.pose.estimators.choosing import open_estimator

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    estimator = open_estimator(read_json(snakemake.input.decision), threads)
    facts, long_edge = (
        [read_json(path, list)[0] for path in snakemake.input.facts],
        snakemake.params.long_edge,
    )
    rates = measure_detection(snakemake.params.clips, facts, long_edge, estimator)
    write_json(snakemake.output.rates, rates | {"long_edge": long_edge})
