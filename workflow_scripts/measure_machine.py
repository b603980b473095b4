"""Estimate time, memory and disk space of each preset for the configured clips on this machine."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.machine.measure import Clips, measure_machine

with job(snakemake.log[0], snakemake.threads) as threads:
    given, asked = snakemake.input, snakemake.params
    facts = {name: read_json(path) for name, path in zip(asked.subjects, given.facts, strict=True)}
    clips, made = Clips(facts, asked.targets, asked.sources), snakemake.output
    measure_machine(asked.presets, clips, read_json(given.rates), threads, made.page, made.numbers)
