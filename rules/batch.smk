# Every target with every source, and what can be done beforehand where there is internet.
# REQUIRED INPUTS: batch.targets and batch.sources in the configuration
# OUTPUTS: results/{target}_as_{source}.mp4 of each; results/batch.txt, what is missing and why; results/weights.txt


rule fetch_weights:
    """Have the three decisions made, which download what they can, and list what there is."""
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
    input:
        # a function, because this file is read again in each job
        lambda wildcards: [f"results/{pair}.mp4" for pair in batch_pairs()],


onsuccess:
    tell_batch()


onerror:
    tell_batch()
