"""One stage of a target's training: the generator, the enhancer or the face, as its settings say."""

from dancenow.job import job
from dancenow.training.launch import train_on_devices

log_path = snakemake.log[0]
with job(log_path, snakemake.threads) as threads:
    settings, holdout = snakemake.params.settings, snakemake.params.holdout
    # from the configuration: a parameter would train again when only the machine has changed
    devices, nodes = (snakemake.config["train"][key] for key in ("devices", "nodes"))
    train_on_devices(snakemake.input, snakemake.output, settings, holdout, threads, devices, nodes, log_path)
