# What can go once the videos are made.
# REQUIRED INPUTS: none; looks at what lies in results/
# OUTPUTS: none; deletes frames of sources, synthesized frames of finished videos, previews of finished trainings


# without a benchmark, which Snakemake would take for a result: a second call would do nothing
rule clean_intermediate:
    """Delete what can be made again without a training, and say what that freed."""
    log:
        "logs/clean_intermediate/run.log",
    localrule: True
    conda:
        "../envs/video.yaml"
    params:
        stay=[*configured_targets(), *config["authenticity"]["train"], *config["authenticity"]["heldout"]],
    script:
        "../workflow_scripts/clean_intermediate.py"
