# What this machine can do, before anything is made.
# REQUIRED INPUTS: results/clips/{subject}.json of the transfers' subjects, results/poses/estimator.json
# OUTPUTS: results/machine.md, results/machine.json, results/machine/detection.json

MACHINE_TARGETS = sorted(TARGETS)
MACHINE_SOURCES = [pair.split("_as_")[1] for pair in config["transfers"]]
MACHINE_SUBJECTS = sorted({*MACHINE_TARGETS, *MACHINE_SOURCES})


rule measure_detection:
    """How fast this machine decodes the first pair's clips and finds the people in them, and their size."""
    input:
        decision="results/poses/estimator.json",
        facts=lambda wildcards: expand("results/clips/{subject}.json", subject=first_pair()),
        absent=absent(pair_videos),
    output:
        rates=ensure("results/machine/detection.json", non_empty=True),
    log:
        "logs/measure_detection/run.log",
    benchmark:
        "benchmarks/rules/measure_detection/run.tsv"
    conda:
        "../envs/pose.yaml"
    threads: all_cores
    resources:
        gpu=1,
        runtime=10,
    params:
        clips=as_given(pair_videos),
        held=held_by(pair_videos),
        long_edge=config["frames"]["long_edge"],
    script:
        "../workflow_scripts/measure_detection.py"


rule measure_machine:
    """Estimate which presets fit on this machine, and how long each takes for the configured clips."""
    input:
        rates="results/machine/detection.json",
        facts=expand("results/clips/{subject}.json", subject=MACHINE_SUBJECTS),
    output:
        page=ensure("results/machine.md", non_empty=True),
        numbers=ensure("results/machine.json", non_empty=True),
    log:
        "logs/measure_machine/run.log",
    benchmark:
        "benchmarks/rules/measure_machine/run.tsv"
    conda:
        "../envs/torch.yaml"
    threads: all_cores
    resources:
        gpu=1,
        runtime=10,
    params:
        presets=preset_sizes,
        subjects=MACHINE_SUBJECTS,
        targets=MACHINE_TARGETS,
        sources=MACHINE_SOURCES,
    script:
        "../workflow_scripts/measure_machine.py"
