# What can be deleted once the videos are made.
# REQUIRED INPUTS: none; uses whatever is in results/
# OUTPUTS: none; deletes frames of sources, synthesized frames of finished videos, previews of finished trainings


# no benchmark: Snakemake would take it for a result, and a second call would do nothing
rule clean_intermediate:
    """Delete what can be made again without training, and report the space freed."""
    log:
        "logs/clean_intermediate/run.log",
    localrule: True
    conda:
        "../envs/video.yaml"
    params:
        stay=[*configured_targets(), *config["authenticity"]["train"], *config["authenticity"]["heldout"]],
    script:
        "../workflow_scripts/clean_intermediate.py"
