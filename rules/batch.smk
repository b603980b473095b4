# Every target with every source; and the downloads that must happen where there is internet.
# REQUIRED INPUTS: batch.targets and batch.sources in the configuration
# OUTPUTS: results/{target}_as_{source}.mp4 of each; results/batch.txt: what is missing, and why; results/weights.txt


rule fetch_weights:
    """Make the three decisions, which download weights where possible, and list the weights in use."""
    input:
        estimator="results/poses/estimator.json",
        perceptual="results/models/perceptual.json",
        lpips="results/metrics/lpips.json",
    output:
        list=ensure("results/weights.txt", non_empty=True),
    log:
        "logs/fetch_weights/run.log",
    benchmark:
        "benchmarks/rules/fetch_weights/run.tsv"
    localrule: True
    conda:
        "../envs/video.yaml"
    script:
        "../workflow_scripts/fetch_weights.py"


rule batch:
    """The videos of every target in `batch` with every source, and results/batch.txt."""
    input:
        # a function, because every job parses this file again
        batch_videos,


onsuccess:
    tell_batch()


onerror:
    tell_batch()
