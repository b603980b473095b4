# Tables and figures as for a paper: the run itself, called ours, compared with its variants.
# REQUIRED INPUTS: results/metrics/ of each, results/synthesis/, results/poses/, results/frames/
# OUTPUTS: results/tables/*.md .tex .csv, results/figures/*.png .pdf, results/comparisons/{source}.mp4; docs/evaluation.md


rule tabulate_ablation:
    """Ours, its variants and the baselines in one table: means, intervals, paired differences."""
    input:
        metrics=scored_metrics,
        series=scored_series,
    output:
        markdown=ensure("results/tables/{scored}.ablation.md", non_empty=True),
        latex=ensure("results/tables/{scored}.ablation.tex", non_empty=True),
        csv=ensure("results/tables/{scored}.ablation.csv", non_empty=True),
    log:
        "logs/tabulate_ablation/{scored}.log",
    benchmark:
        "benchmarks/rules/tabulate_ablation/{scored}.tsv"
    wildcard_constraints:
        scored=SCORED,
    conda:
        "../envs/report.yaml"
    params:
        names=scored_names,
        what=scored_words,
    script:
        "../workflow_scripts/tabulate_ablation.py"


rule plot_ablation:
    """The main measures as bars with intervals."""
    input:
        metrics=scored_metrics,
        series=scored_series,
    output:
        png=shown(ensure("results/figures/{scored}.ablation.png", non_empty=True), "ablation"),
        pdf=ensure("results/figures/{scored}.ablation.pdf", non_empty=True),
    log:
        "logs/plot_ablation/{scored}.log",
    benchmark:
        "benchmarks/rules/plot_ablation/{scored}.tsv"
    wildcard_constraints:
        scored=SCORED,
    conda:
        "../envs/report.yaml"
    params:
        names=scored_names,
    script:
        "../workflow_scripts/plot_ablation.py"


rule plot_grid:
    """All transfers: source, its skeleton, the normalised skeleton, the result."""
    input:
        sources=of_transfers("results/frames/{source}.avi"),
        source_poses=of_transfers("results/poses/{source}.npz"),
        poses=of_transfers("results/poses/{target}_as_{source}.npz"),
        videos=of_transfers("results/synthesis/{target}_as_{source}{variant}.mp4"),
    output:
        png=shown(ensure("results/figures/transfers.png", non_empty=True), "grid"),
        pdf=ensure("results/figures/transfers.pdf", non_empty=True),
    log:
        "logs/plot_grid/run.log",
    benchmark:
        "benchmarks/rules/plot_grid/run.tsv"
    conda:
        "../envs/report.yaml"
    params:
        pairs=config["transfers"],
    script:
        "../workflow_scripts/plot_grid.py"


rule plot_filmstrip:
    """Consecutive frames of every method, and the changes between them."""
    input:
        videos=first_videos,
        pose="results/poses/{target}_as_{source}.npz",
    output:
        png=shown(ensure("results/figures/{target}_as_{source}.filmstrip.png", non_empty=True), "filmstrip"),
        pdf=ensure("results/figures/{target}_as_{source}.filmstrip.pdf", non_empty=True),
    log:
        "logs/plot_filmstrip/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/plot_filmstrip/{target}_as_{source}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        names=[name for name, _ in compared()],
    script:
        "../workflow_scripts/plot_filmstrip.py"


rule plot_faces:
    """Held-out faces: real, without and with the face generator."""
    input:
        videos=faced_videos,
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.steady.npz",
        steady="results/steady/{target}.npz",
    output:
        png=shown(ensure("results/figures/{target}.faces.png", non_empty=True), "faces"),
        pdf=ensure("results/figures/{target}.faces.pdf", non_empty=True),
    log:
        "logs/plot_faces/{target}.log",
    benchmark:
        "benchmarks/rules/plot_faces/{target}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        names=[name for name, _ in faced()],
        holdout=config["train"]["holdout"],
        size=face_edge(),
    script:
        "../workflow_scripts/plot_faces.py"


rule plot_placing:
    """A transfer without and with normalisation: skeletons over the target's footage, results."""
    input:
        source_frames="results/frames/{source}.avi",
        target_frames="results/frames/{target}.avi",
        steady="results/steady/{target}.npz",
        source_pose="results/poses/{source}.npz",
        before_pose="results/poses/{target}_as_{source}.unnormalized.npz",
        after_pose="results/poses/{target}_as_{source}.npz",
        before_video=f"results/synthesis/{{target}}_as_{{source}}{OUR_FIRST}.unnormalized.mp4",
        after_video=f"results/synthesis/{{target}}_as_{{source}}{OUR_FIRST}.mp4",
    output:
        png=shown(ensure("results/figures/{target}_as_{source}.placing.png", non_empty=True), "placing"),
        pdf=ensure("results/figures/{target}_as_{source}.placing.pdf", non_empty=True),
    log:
        "logs/plot_placing/{target}_as_{source}.log",
    benchmark:
        "benchmarks/rules/plot_placing/{target}_as_{source}.tsv"
    conda:
        "../envs/report.yaml"
    script:
        "../workflow_scripts/plot_placing.py"


rule plot_failures:
    """The frames in which our result is worst, by its measures."""
    input:
        unpack(failing_inputs),
        absent=absent(failing_truth),
    output:
        png=shown(ensure("results/figures/{scored}.failures.png", non_empty=True), "failures"),
        pdf=ensure("results/figures/{scored}.failures.pdf", non_empty=True),
    log:
        "logs/plot_failures/{scored}.log",
    benchmark:
        "benchmarks/rules/plot_failures/{scored}.tsv"
    wildcard_constraints:
        scored=SCORED,
    conda:
        "../envs/report.yaml"
    params:
        truth=as_given(failing_truth),
        held=held_by(failing_truth),
    script:
        "../workflow_scripts/plot_failures.py"


rule plot_curves:
    """The losses of all trainings of a target."""
    input:
        losses=lambda wildcards: [
            f"results/models/{wildcards.target}{folder}/losses.jsonl" for _, _, folder in trained_stages()
        ],
    output:
        png=shown(ensure("results/figures/{target}.curves.png", non_empty=True), "curves"),
        pdf=ensure("results/figures/{target}.curves.pdf", non_empty=True),
    log:
        "logs/plot_curves/{target}.log",
    benchmark:
        "benchmarks/rules/plot_curves/{target}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        names=[name for name, _, _ in trained_stages()],
        stages=[stage for _, stage, _ in trained_stages()],
    script:
        "../workflow_scripts/plot_curves.py"


rule compare_people:
    """The source and all targets that perform its dance, in one video with its sound."""
    input:
        source="results/frames/{source}.avi",
        videos=videos_of_dance,
        absent=absent(sound_of),
    output:
        video=shown(ensure("results/comparisons/{source}.mp4", non_empty=True), "people_compared"),
    log:
        "logs/compare_people/{source}.log",
    benchmark:
        "benchmarks/rules/compare_people/{source}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        targets=targets_of_dance,
        clip=as_given(sound_of),
        held=held_by(sound_of),
    script:
        "../workflow_scripts/compare_people.py"


rule figures:
    """Tables and figures of the transfers, compared with variants and baselines; trains what is missing."""
    input:
        expand("results/tables/{scored}.ablation.{kind}", scored=ALL_SCORED, kind=TABLES),
        expand(
            "results/figures/{scored}.{shown}.{kind}",
            scored=ALL_SCORED,
            shown=["ablation", "failures"],
            kind=FIGURES,
        ),
        expand("results/figures/transfers.{kind}", kind=FIGURES if config["transfers"] else []),
        expand(
            "results/figures/{pair}.{shown}.{kind}",
            pair=config["transfers"],
            shown=["filmstrip", "placing"],
            kind=FIGURES,
        ),
        expand("results/figures/{target}.faces.{kind}", target=WITH_HELDOUT if faced() else [], kind=FIGURES),
        expand("results/figures/{target}.curves.{kind}", target=TARGETS, kind=FIGURES),
        expand("results/comparisons/{source}.mp4", source=SOURCES),
