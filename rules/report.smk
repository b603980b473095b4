# Whether the footage is suitable, before any training.
# REQUIRED INPUTS: results/frames/{subject}.avi, results/poses/{subject}.people.npz, results/camera/{subject}.npz
# OUTPUTS: results/reports/{subject}.html .json, results/reports/{target}_as_{source}.html .json
#
# A clip that track_performer or measure_normalization refuses still needs a report that says so. The reports therefore
# do not use the files of those rules: they compute the same, with the same settings, and catch the refusal.


rule report_footage:
    """Report whether a clip is suitable as a target and as a source."""
    input:
        frames="results/frames/{subject}.avi",
        facts="results/frames/{subject}.json",
        people="results/poses/{subject}.people.npz",
        camera="results/camera/{subject}.npz",
    output:
        page=shown(ensure("results/reports/{subject}.html", non_empty=True), "footage"),
        report=ensure("results/reports/{subject}.json", non_empty=True),
    log:
        "logs/report_footage/{subject}.log",
    benchmark:
        "benchmarks/rules/report_footage/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        tracking=subject_tracking,
        holdout=config["train"]["holdout"],
        background=config["train"]["generator"]["background"],
    script:
        "../workflow_scripts/report_footage.py"


rule report_pair:
    """Report whether a target's footage covers a source's dance, and what to film if not."""
    input:
        source_frames="results/frames/{source}.avi",
        source_people="results/poses/{source}.people.npz",
        source_camera="results/camera/{source}.npz",
        target_frames="results/frames/{target}.avi",
        target_people="results/poses/{target}.people.npz",
        target_camera="results/camera/{target}.npz",
    output:
        page=shown(ensure("results/reports/{target}_as_{source}.html", non_empty=True), "pair"),
        report=ensure("results/reports/{target}_as_{source}.json", non_empty=True),
    log:
        "logs/report_pair/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/report_pair/{target}_as_{source}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        tracking=pair_tracking,
        limbs=config["normalize"]["limbs"],
        holdout=config["train"]["holdout"],
        background=config["train"]["generator"]["background"],
        references=config["train"]["generator"]["references"],
    script:
        "../workflow_scripts/report_pair.py"
