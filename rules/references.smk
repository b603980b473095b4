# Real pixels: pieces of the target's footage, moved to their places in a dance.
# REQUIRED INPUTS: results/frames/{target}.avi, results/poses/{target}.steady.npz, results/steady/{target}.npz,
#                  results/masks/{target}.npz, results/backgrounds/{target}.png, results/poses/{target}_as_{source}.npz
# OUTPUTS: results/references/{target}.npz, results/references/{target}_as_{source}.npz,
#          results/previews/{target}_as_{source}.mp4


rule make_references:
    """Cut pieces of each part out of the target's training frames, enough to cover the poses shown."""
    input:
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        masks="results/masks/{target}.npz",
        background="results/backgrounds/{target}.png",
    output:
        references=ensure("results/references/{target}.npz", non_empty=True),
    log:
        "logs/make_references/{target}.log",
    benchmark:
        "benchmarks/rules/make_references/{target}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        holdout=config["train"]["holdout"],
    script:
        "../workflow_scripts/make_references.py"


rule choose_references:
    """Choose the most similar piece for each part and frame of a dance, with few changes."""
    input:
        references="results/references/{target}.npz",
        pose="results/poses/{target}_as_{source}{placing}.npz",
        facts="results/frames/{source}.json",
    output:
        chosen=ensure("results/references/{target}_as_{source}{placing}.npz", non_empty=True),
    log:
        "logs/choose_references/{target}_as_{source}{placing}.log",
    benchmark:
        "benchmarks/rules/choose_references/{target}_as_{source}{placing}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/choose_references.py"


rule preview_transfer:
    """The moved pieces over the background: a preview before any training."""
    input:
        references="results/references/{target}.npz",
        chosen="results/references/{target}_as_{source}{placing}.npz",
        pose="results/poses/{target}_as_{source}{placing}.npz",
        background="results/backgrounds/{target}.png",
        steady="results/steady/{target}.npz",
        target="results/frames/{target}.json",
    output:
        video=ensure("results/previews/{target}_as_{source}{placing}.mp4", non_empty=True),
    log:
        "logs/preview_transfer/{target}_as_{source}{placing}.log",
    benchmark:
        "benchmarks/rules/preview_transfer/{target}_as_{source}{placing}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        camera=config["transfer"]["camera"],
    script:
        "../workflow_scripts/preview_transfer.py"
