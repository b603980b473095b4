# Keypoints from and for other programs.
# REQUIRED INPUTS: subjects.<name>.poses in the configuration, for import; results/poses/*.npz, for export
# OUTPUTS: results/poses/{subject}.people.npz, results/openpose/{subject}/, results/openpose/{target}_as_{source}/


rule import_poses:
    """Use the user's own keypoints instead of detection."""
    input:
        absent=absent(keypoints_of),
        facts="results/frames/{subject}.json",
    output:
        people=ensure("results/poses/{subject}.people.npz", non_empty=True),
    log:
        "logs/import_poses/{subject}.log",
    benchmark:
        "benchmarks/rules/import_poses/{subject}.tsv"
    wildcard_constraints:
        subject=IMPORTED,
    conda:
        "../envs/pose.yaml"
    params:
        poses=as_given(keypoints_of),
        held=held_by(keypoints_of, folder=True),
    script:
        "../workflow_scripts/import_poses.py"


rule export_openpose:
    """Write a pose as a folder of JSON files, as OpenPose would."""
    input:
        pose="results/poses/{skeleton}.npz",
        facts=canvas_of,
    output:
        folder=directory("results/openpose/{skeleton}"),
    log:
        "logs/export_openpose/{skeleton}.log",
    benchmark:
        "benchmarks/rules/export_openpose/{skeleton}.tsv"
    wildcard_constraints:
        skeleton=f"({NAME})(_as_({NAME}))?",
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/export_openpose.py"
