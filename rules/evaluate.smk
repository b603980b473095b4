# Scores, compared with two baselines on the same frames. Nothing here feeds the transfer.
# Videos are read before they are signed: a new signature changes bytes, and must make nothing here again.
# REQUIRED INPUTS: evaluation.truth in the configuration, or a target's held-out footage; results/synthesis/
# OUTPUTS: results/metrics/lpips.json; results/metrics/{target}_as_{source}.json and .md,
#          results/metrics/{target}.heldout.json and .md; the same by frame: .frames.npz


rule choose_lpips:
    """Decide once whether LPIPS is measured, which needs its weights."""
    output:
        decision=ensure("results/metrics/lpips.json", non_empty=True),
    log:
        "logs/choose_lpips/run.log",
    benchmark:
        "benchmarks/rules/choose_lpips/run.tsv"
    localrule: True
    conda:
        "../envs/report.yaml"
    script:
        "../workflow_scripts/choose_lpips.py"


rule evaluate_transfer:
    """Compare the result with real footage of the target performing the source's dance."""
    input:
        video="results/synthesis/{target}_as_{source}{variant}{placing}.mp4",
        absent=absent(truth_of),
        background="results/backgrounds/{target}.png",
        frames="results/frames/{target}.avi",
        target_pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        driving_pose="results/poses/{target}_as_{source}{placing}.npz",
        decision="results/poses/estimator.json",
        lpips="results/metrics/lpips.json",
    output:
        metrics=shown(
            ensure("results/metrics/{target}_as_{source}{variant}{placing}.json", non_empty=True), "metrics"
        ),
        table=ensure("results/metrics/{target}_as_{source}{variant}{placing}.md", non_empty=True),
        series=ensure("results/metrics/{target}_as_{source}{variant}{placing}.frames.npz", non_empty=True),
    log:
        "logs/evaluate_transfer/{target}_as_{source}{variant}{placing}.log",
    benchmark:
        "benchmarks/rules/evaluate_transfer/{target}_as_{source}{variant}{placing}.tsv"
    conda:
        "../envs/report.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=scoring_memory,
        runtime=scoring_minutes,
    params:
        truth=as_given(truth_of),
        held=held_by(truth_of),
        holdout=config["train"]["holdout"],
        seed=config["evaluation"]["seed"],
    script:
        "../workflow_scripts/evaluate_transfer.py"


rule reconstruct_heldout:
    """Synthesize the target's own unseen footage from its poses."""
    input:
        generator=generator_of,
        face=face_of,
        references=references_of,
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        facts="results/frames/{target}.json",
    output:
        video=ensure("results/synthesis/{target}{variant}.heldout.mp4", non_empty=True),
    log:
        "logs/reconstruct_heldout/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/reconstruct_heldout/{target}{variant}.tsv"
    conda:
        "../envs/torch.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=synthesis_memory,
        runtime=synthesis_minutes,
    params:
        holdout=config["train"]["holdout"],
        # a label would count as an error
        provenance=FINISHING | {"label": "none"},
    script:
        "../workflow_scripts/reconstruct_heldout.py"


rule evaluate_heldout:
    """Compare the reconstruction with the footage that training never saw."""
    input:
        video="results/synthesis/{target}{variant}.heldout.mp4",
        background="results/backgrounds/{target}.png",
        frames="results/frames/{target}.avi",
        target_pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
        decision="results/poses/estimator.json",
        lpips="results/metrics/lpips.json",
    output:
        metrics=shown(ensure("results/metrics/{target}{variant}.heldout.json", non_empty=True), "metrics"),
        table=ensure("results/metrics/{target}{variant}.heldout.md", non_empty=True),
        series=ensure("results/metrics/{target}{variant}.heldout.frames.npz", non_empty=True),
    log:
        "logs/evaluate_heldout/{target}{variant}.log",
    benchmark:
        "benchmarks/rules/evaluate_heldout/{target}{variant}.tsv"
    conda:
        "../envs/report.yaml"
    threads: all_cores
    resources:
        gpu=1,
        mem_mb=scoring_memory,
        runtime=scoring_minutes,
    params:
        holdout=config["train"]["holdout"],
        seed=config["evaluation"]["seed"],
    script:
        "../workflow_scripts/evaluate_heldout.py"
