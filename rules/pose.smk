# The virtual skeleton of each clip's performer.
# REQUIRED INPUTS: results/frames/{subject}.avi, results/camera/{subject}.npz; for masks results/steady/{subject}.npz and
#                  results/poses/{subject}.steady.npz
# OUTPUTS: results/poses/estimator.json, results/poses/{subject}.people.npz, results/poses/{subject}.npz,
#          results/masks/{subject}.found.npz, results/masks/{subject}.npz


rule choose_estimator:
    """Decide once, for all clips of the run, which pose estimator and weights to use."""
    output:
        decision=ensure("results/poses/estimator.json", non_empty=True),
    log:
        "logs/choose_estimator/run.log",
    benchmark:
        "benchmarks/rules/choose_estimator/run.tsv"
    localrule: True
    conda:
        "../envs/pose.yaml"
    params:
        estimator=config["pose"]["estimator"],
        checkpoint=config["pose"]["checkpoint"],
        held=held_by(lambda wildcards: config["pose"]["checkpoint"]),
    script:
        "../workflow_scripts/choose_estimator.py"


rule detect_poses:
    """Find everyone in every frame."""
    input:
        decision="results/poses/estimator.json",
        frames="results/frames/{subject}.avi",
        index="results/frames/{subject}.index.npy",
        facts="results/frames/{subject}.json",
    output:
        people=ensure("results/poses/{subject}.people.npz", non_empty=True),
        masks=ensure("results/masks/{subject}.found.npz", non_empty=True),
    log:
        "logs/detect_poses/{subject}.log",
    benchmark:
        "benchmarks/rules/detect_poses/{subject}.tsv"
    wildcard_constraints:
        subject=DETECTED,
    conda:
        "../envs/pose.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=detection_memory,
        runtime=detection_minutes,
    script:
        "../workflow_scripts/detect_poses.py"


rule track_performer:
    """Follow one person, and repair and smooth the keypoints."""
    input:
        people="results/poses/{subject}.people.npz",
        camera="results/camera/{subject}.npz",
        facts="results/frames/{subject}.json",
    output:
        pose=ensure("results/poses/{subject}.npz", non_empty=True),
    log:
        "logs/track_performer/{subject}.log",
    benchmark:
        "benchmarks/rules/track_performer/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        tracking=subject_tracking,
    script:
        "../workflow_scripts/track_performer.py"


rule mask_performer:
    """Make the mask of the performer in each frame, without shadows."""
    input:
        frames="results/frames/{subject}.avi",
        pose="results/poses/{subject}.steady.npz",
        steady="results/steady/{subject}.npz",
        masks=masks_found,
    output:
        masks=ensure("results/masks/{subject}.npz", non_empty=True),
    log:
        "logs/mask_performer/{subject}.log",
    benchmark:
        "benchmarks/rules/mask_performer/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        holdout=config["train"]["holdout"],
    script:
        "../workflow_scripts/mask_performer.py"
