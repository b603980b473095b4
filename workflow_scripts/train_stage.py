"""Run one stage of a target's training: generator, enhancer or face, chosen by the settings."""

from dancenow.job import job
from dancenow.planning.consent import tell_consent
from dancenow.training.finished import train_once
from dancenow.training.launch import Placement
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.settings import read_settings

log_path = snakemake.log[0]
with job(log_path, snakemake.threads, reads=snakemake.input) as threads:
    # from the configuration: a changed date must not make anything again
    tell_consent(snakemake.config, [snakemake.wildcards.target])
    inputs = StageInputs.of(dict(snakemake.input.items()))
    outputs = StageOutputs.of(dict(snakemake.output.items()))
    settings, holdout = read_settings(snakemake.params.settings), snakemake.params.holdout
    # from the configuration: as a param, a changed machine would train again
    asked = snakemake.config["hardware"]
    placement = Placement(threads, asked["devices"], asked["nodes"], asked["check_memory"])
    code = snakemake.params[-1]  # the Snakefile adds it to each rule
    train_once(inputs, outputs, settings, holdout, placement, log_path, code)
