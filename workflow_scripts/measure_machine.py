"""Estimate time, memory and disk space of each preset for the configured clips on this machine."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.machine.measure import measure_machine

with job(snakemake.log[0], snakemake.threads) as threads:
    given, asked = snakemake.input, snakemake.params
    facts = {name: read_json(path) for name, path in zip(asked.subjects, given.facts, strict=True)}
    measure_machine(
        asked.presets,
        facts,
        asked.targets,
        asked.sources,
        read_json(given.rates),
        threads,
        snakemake.output.page,
        snakemake.output.numbers,
    )
