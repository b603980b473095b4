# What a paper would print: tables, charts and pictures of the run itself, called ours, beside its variants.
# REQUIRED INPUTS: results/metrics/ of each, results/{target}_as_{source}{variant}.mp4, results/poses/, results/frames/
# OUTPUTS: results/tables/*.md .tex .csv, results/figures/*.png .pdf, results/comparisons/{source}.mp4

OURS = "ours"
# {scored} is a pair with a ground truth, or {target}.heldout
SCORED = rf"({NAME})(_as_({NAME})|\.heldout)"
TARGETS = sorted({pair.split("_as_")[0] for pair in config["transfers"]})
WITH_TRUTH = [pair for pair in config["transfers"] if pair in config["evaluation"]["truth"]]
FIGURES = ["png", "pdf"]
TABLES = ["md", "tex", "csv"]


def trainings_of(name):
    """The {variant} of each seed of a variant, or of the run itself for OURS; no seed twice under two names."""
    bare = "" if name == OURS else f".{name}"
    usual = train_of(bare)["seed"]
    return [bare if seed == usual else f"{bare}.seed{seed}" for seed in config["comparison"]["seeds"]]


def compared():
    """What is compared: (name, its trainings), ours last. Pictures show the first training of each."""
    return [(name, trainings_of(name)) for name in [*config["comparison"]["variants"], OURS]]


def scored_runs(scored):
    """[(name, the stem of its file in results/metrics)] of all that is in one table."""
    if scored.endswith(".heldout"):
        target = scored.removesuffix(".heldout")
        return [(name, f"{target}{one}.heldout") for name, variants in compared() for one in variants]
    runs = [(name, f"{scored}{one}") for name, variants in compared() for one in variants]
    return [(f"{OURS}, not normalised", f"{scored}{one}.unnormalized") for one in trainings_of(OURS)] + runs


def scored_names(wildcards):
    """The names of scored_runs."""
    return [name for name, _ in scored_runs(wildcards.scored)]


def scored_metrics(wildcards):
    """The numbers of scored_runs."""
    return [f"results/metrics/{stem}.json" for _, stem in scored_runs(wildcards.scored)]


def scored_series(wildcards):
    """The numbers of scored_runs, frame by frame."""
    return [f"results/metrics/{stem}.frames.npz" for _, stem in scored_runs(wildcards.scored)]


def scored_words(wildcards):
    """What a table is about."""
    if wildcards.scored.endswith(".heldout"):
        return f"{wildcards.scored.removesuffix('.heldout')}, held-out footage"
    target, source = wildcards.scored.split("_as_")
    return f"{target} as {source}, against the ground truth"


def first_videos(wildcards):
    """The videos of a pair by the first training of all that is compared."""
    pair = f"{wildcards.target}_as_{wildcards.source}"
    return [f"results/{pair}{variants[0]}.mp4" for _, variants in compared()]


def of_transfers(pattern):
    """`pattern` for each pair of `transfers`, with the target, the source and our first training."""
    pairs = [pair.split("_as_") for pair in config["transfers"]]
    return [pattern.format(target=a, source=b, variant=trainings_of(OURS)[0]) for a, b in pairs]


rule tabulate_ablation:
    """Ours, its variants and the baselines in one table: means, intervals, paired differences."""
    input:
        metrics=scored_metrics,
        series=scored_series,
        code=library("figures/tables", "figures/comparison", "figures/measures", "series"),
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
    """The same as bars with their intervals."""
    input:
        metrics=scored_metrics,
        series=scored_series,
        code=library("figures/bars", "figures/comparison", "figures/measures", "figures/style", "series"),
    output:
        png=ensure("results/figures/{scored}.ablation.png", non_empty=True),
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
        videos=of_transfers("results/{target}_as_{source}{variant}.mp4"),
        code=library("figures/grid", "figures/moments", "figures/strips", "figures/style", "draw"),
    output:
        png=ensure("results/figures/transfers.png", non_empty=True),
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
    """Consecutive frames of all that is compared, and what changes between them."""
    input:
        videos=first_videos,
        pose="results/poses/{target}_as_{source}.npz",
        code=library("figures/filmstrip", "figures/moments", "figures/strips", "figures/style", "draw"),
    output:
        png=ensure("results/figures/{target}_as_{source}.filmstrip.png", non_empty=True),
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


rule figures:
    input:
        expand("results/tables/{target}.heldout.ablation.{kind}", target=TARGETS, kind=TABLES),
        expand("results/tables/{pair}.ablation.{kind}", pair=WITH_TRUTH, kind=TABLES),
        expand("results/figures/{target}.heldout.ablation.{kind}", target=TARGETS, kind=FIGURES),
        expand("results/figures/{pair}.ablation.{kind}", pair=WITH_TRUTH, kind=FIGURES),
        expand("results/figures/transfers.{kind}", kind=FIGURES),
        expand("results/figures/{pair}.filmstrip.{kind}", pair=config["transfers"], kind=FIGURES),
