# How each clip's camera moves.
# REQUIRED INPUTS: results/frames/{subject}.avi, results/poses/{subject}.people.npz
# OUTPUTS: results/camera/{subject}.npz


rule find_camera:
    """Measure the map of each frame into one view of its scene, from corners outside people."""
    input:
        frames="results/frames/{subject}.avi",
        index="results/frames/{subject}.index.npy",
        facts="results/frames/{subject}.json",
        people="results/poses/{subject}.people.npz",
    output:
        camera=ensure("results/camera/{subject}.npz", non_empty=True),
    log:
        "logs/find_camera/{subject}.log",
    benchmark:
        "benchmarks/rules/find_camera/{subject}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/find_camera.py"
