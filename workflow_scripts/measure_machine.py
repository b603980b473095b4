"""Estimate time, memory and disk space of each preset for the configured clips on this machine."""

from dancenow.files import read_json
from dancenow.job import job
from dancenow.machine.measure import Clips, measure_machine

with job(snakemake.log[0], snakemake.threads, reads=snakemake.input) as threads:
    given, params = snakemake.input, snakemake.params
    facts = {name: read_json(path, list) for name, path in zip(params.subjects, given.facts, strict=True)}
    clips, made = Clips(facts, params.targets, params.sources), snakemake.output
    measure_machine(params.presets, clips, read_json(given.rates), threads, made.page, made.numbers)
