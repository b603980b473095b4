# The normalisation, frame by frame.
# REQUIRED INPUTS: results/poses/{source}.npz, results/poses/{target}_as_{source}.npz, results/frames/{target}.avi
# OUTPUTS: results/overlays/{target}_as_{source}.mp4


rule overlay_normalization:
    """The source's skeleton, before and after normalisation, over the target's footage."""
    input:
        source_pose="results/poses/{source}.npz",
        pose="results/poses/{target}_as_{source}.npz",
        target_frames="results/frames/{target}.avi",
        steady="results/steady/{target}.npz",
    output:
        video=shown(
            ensure("results/overlays/{target}_as_{source}.mp4", non_empty=True), "normalization_overlay"
        ),
    log:
        "logs/overlay_normalization/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/overlay_normalization/{target}_as_{source}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/overlay_normalization.py"
