# Pictures of the poses found in a clip. Nothing here feeds the transfer.
# REQUIRED INPUTS: results/frames/{subject}.avi, results/poses/{subject}.people.npz, results/poses/{subject}.npz
# OUTPUTS: results/figures/{subject}.people.png, results/overlays/{subject}.mp4


rule plot_people:
    """Everyone in a clip, with the numbers that `performer` accepts."""
    input:
        frames="results/frames/{subject}.avi",
        index="results/frames/{subject}.index.npy",
        facts="results/frames/{subject}.json",
        people="results/poses/{subject}.people.npz",
    output:
        figure=shown(ensure("results/figures/{subject}.people.png", non_empty=True), "people"),
    log:
        "logs/plot_people/{subject}.log",
    benchmark:
        "benchmarks/rules/plot_people/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/plot_people.py"


rule overlay_skeleton:
    """The skeleton over the footage, with measured, repaired and imputed keypoints marked."""
    input:
        frames="results/frames/{subject}.avi",
        index="results/frames/{subject}.index.npy",
        facts="results/frames/{subject}.json",
        pose="results/poses/{subject}.npz",
        absent=absent(videos_of),
    output:
        video=shown(ensure("results/overlays/{subject}.mp4", non_empty=True), "skeleton_overlay"),
    log:
        "logs/overlay_skeleton/{subject}.log",
    benchmark:
        "benchmarks/rules/overlay_skeleton/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    params:
        clips=as_given(videos_of),
        held=held_by(videos_of),
    script:
        "../workflow_scripts/overlay_skeleton.py"
