# Keypoints from other programs and for them.
# REQUIRED INPUTS: subjects.<name>.poses in the configuration, for import; results/poses/*.npz, for export
# OUTPUTS: results/poses/{subject}.people.npz, results/openpose/{subject}/, results/openpose/{target}_as_{source}/

FORMATS = library(
    *(
        f"formats/{module}"
        for module in (
            "clip_pixels",
            "exporting",
            "importing",
            "openpose",
            "parsing",
            "skeletons",
            "wholebody",
        )
    )
)


def keypoints_of(wildcards):
    """The keypoints that the user gives for a clip: a file or a folder."""
    return config["subjects"][wildcards.subject]["poses"]


def last_change(wildcards):
    """Time stamp of the newest file in a folder of keypoints: Snakemake itself only looks at the folder's."""
    given = Path(keypoints_of(wildcards))
    return max((file.lstat().st_mtime_ns for file in given.iterdir()), default=0) if given.is_dir() else None


def canvas_of(wildcards):
    """Facts of the frames that a pose lies in; those of a pair lie in the target's."""
    return f"results/frames/{wildcards.skeleton.split('_as_')[0]}.json"


rule import_poses:
    """Take the user's own keypoints in place of detection."""
    input:
        poses=keypoints_of,
        facts="results/frames/{subject}.json",
        code=FORMATS,
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
        changed=last_change,
    script:
        "../workflow_scripts/import_poses.py"


rule export_openpose:
    """Write a pose as the folder of JSON files that OpenPose would have written."""
    input:
        pose="results/poses/{skeleton}.npz",
        facts=canvas_of,
        code=FORMATS,
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
