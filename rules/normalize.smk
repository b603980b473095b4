# The source's motion, moved to the target's body and place in the frame.
# REQUIRED INPUTS: results/poses/{subject}.npz, results/camera/{subject}.npz, results/poses/{target}.steady.npz
# OUTPUTS: results/normalization/{subject}.json, results/poses/{target}_as_{source}.npz .unnormalized.npz,
#          results/figures/*.normalization.png


rule measure_normalization:
    """Measure where a performer's feet are near and far, how tall the figure is there, and its limb lengths."""
    input:
        pose="results/poses/{subject}.npz",
        camera="results/camera/{subject}.npz",
    output:
        statistics=ensure("results/normalization/{subject}.json", non_empty=True),
    log:
        "logs/measure_normalization/{subject}.log",
    benchmark:
        "benchmarks/rules/measure_normalization/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/measure_normalization.py"


rule normalize_poses:
    """Move the source's motion to the target's size, place and limb lengths, from the statistics of both."""
    input:
        source_pose="results/poses/{source}.npz",
        source_camera="results/camera/{source}.npz",
        source_statistics="results/normalization/{source}.json",
        target_pose="results/poses/{target}.steady.npz",
        target_statistics="results/normalization/{target}.json",
    output:
        pose=ensure("results/poses/{target}_as_{source}.npz", non_empty=True),
    log:
        "logs/normalize_poses/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/normalize_poses/{target}_as_{source}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        limbs=config["normalize"]["limbs"],
        max_gap=config["pose"]["max_gap"],
    script:
        "../workflow_scripts/normalize_poses.py"


rule letterbox_poses:
    """The source's motion without normalisation: its whole frame fitted into the target's."""
    input:
        source_pose="results/poses/{source}.npz",
        target_pose="results/poses/{target}.npz",
    output:
        pose=ensure("results/poses/{target}_as_{source}.unnormalized.npz", non_empty=True),
    log:
        "logs/letterbox_poses/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/letterbox_poses/{target}_as_{source}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/letterbox_poses.py"


rule plot_normalization:
    """Source skeleton, normalised skeleton and target footage side by side."""
    input:
        source_frames="results/frames/{source}.avi",
        source_pose="results/poses/{source}.npz",
        target_frames="results/frames/{target}.avi",
        steady="results/steady/{target}.npz",
        pose="results/poses/{target}_as_{source}.npz",
    output:
        figure=shown(
            ensure("results/figures/{target}_as_{source}.normalization.png", non_empty=True),
            "normalization_figure",
        ),
    log:
        "logs/plot_normalization/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/plot_normalization/{target}_as_{source}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/plot_normalization.py"
