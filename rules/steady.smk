# A target's footage as a fixed camera would have filmed it.
# REQUIRED INPUTS: results/frames/{target}.avi, results/poses/{target}.npz, results/camera/{target}.npz
# OUTPUTS: results/steady/{target}.npz, results/poses/{target}.steady.npz


rule steady_target:
    """Map a target's frames and pose into one steady view of even exposure, unless they are that already."""
    input:
        frames="results/frames/{target}.avi",
        index="results/frames/{target}.index.npy",
        facts="results/frames/{target}.json",
        pose="results/poses/{target}.npz",
        camera="results/camera/{target}.npz",
    output:
        steady=ensure("results/steady/{target}.npz", non_empty=True),
        pose=ensure("results/poses/{target}.steady.npz", non_empty=True),
    log:
        "logs/steady_target/{target}.log",
    benchmark:
        "benchmarks/rules/steady_target/{target}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/steady_target.py"
