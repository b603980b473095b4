# What a paper would print: tables, charts and pictures of the run itself, called ours, beside its variants.
# REQUIRED INPUTS: results/metrics/ of each, results/{target}_as_{source}{variant}.mp4, results/poses/, results/frames/
# OUTPUTS: results/tables/*.md .tex .csv, results/figures/*.png .pdf, results/comparisons/{source}.mp4; docs/figures.md

from types import SimpleNamespace

OURS = "ours"
# {scored} is a pair with a ground truth, or {target}.heldout
SCORED = rf"({NAME})(_as_({NAME})|\.heldout)"
TARGETS = sorted({pair.split("_as_")[0] for pair in config["transfers"]})
SOURCES = sorted({pair.split("_as_")[1] for pair in config["transfers"]})
HELDOUT = TARGETS if config["train"]["holdout"] else []
ALL_SCORED = [f"{target}.heldout" for target in HELDOUT] + [
    pair for pair in config["transfers"] if pair in config["evaluation"]["truth"]
]
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


def failing_inputs(wildcards):
    """What plot_failures reads: our first training's result, its truth, the pose it was painted from."""
    scored, ours = wildcards.scored, trainings_of(OURS)[0]
    if scored.endswith(".heldout"):
        target = scored.removesuffix(".heldout")
        return {
            "series": f"results/metrics/{target}{ours}.heldout.frames.npz",
            "video": f"results/synthesis/{target}{ours}.heldout.mp4",
            "truth": f"results/frames/{target}.avi",
            "pose": f"results/poses/{target}.npz",
        }
    target, source = scored.split("_as_")
    return {
        "series": f"results/metrics/{scored}{ours}.frames.npz",
        "video": f"results/{scored}{ours}.mp4",
        "truth": truth_of(SimpleNamespace(target=target, source=source)),
        "pose": f"results/poses/{scored}.npz",
    }


def faced():
    """[(name, its first training)] of the compared variants with a face generator, each after its base."""
    runs = {}
    for name in config["comparison"]["variants"]:
        base = config["variants"][name].get("base")
        if base and train_of(f".{name}")["face"] and not train_of(f".{base}")["face"]:
            runs |= {base: trainings_of(base)[0], name: trainings_of(name)[0]}
    return list(runs.items())


def face_edge():
    """Edge of the largest square that a face generator of `faced` goes over, px."""
    faces = [train_of(variant)["face"] for _, variant in faced()]
    return max([face["size"] for face in faces if face], default=None)


def trained_stages():
    """[(name, stage, folder of the stage behind the target's)] of all trainings; a base's is not its variant's."""
    found = []
    for name, variants in compared():
        based = name != OURS and "base" in config["variants"][name]
        for variant in variants:
            train = train_of(variant)
            stages = ["face"] * bool(train["face"])
            if not based:
                stages = ["", *["enhancer"] * bool(train["enhancer"]), *stages]
            found += [(name, stage, f"{variant}/{stage}" if stage else variant) for stage in stages]
    return found


def targets_of(wildcards):
    """Who performs a source's dance among the `transfers`."""
    pairs = [pair.split("_as_") for pair in config["transfers"]]
    return [target for target, source in pairs if source == wildcards.source]


def videos_of_dance(wildcards):
    """The results of targets_of, by our first training."""
    ours = trainings_of(OURS)[0]
    return [f"results/{target}_as_{wildcards.source}{ours}.mp4" for target in targets_of(wildcards)]


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
        videos=of_transfers("results/{target}_as_{source}{variant}.mp4"),
        code=library("figures/grid", "figures/moments", "figures/strips", "figures/style", "draw"),
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
    """Consecutive frames of all that is compared, and what changes between them."""
    input:
        videos=first_videos,
        pose="results/poses/{target}_as_{source}.npz",
        code=library("figures/filmstrip", "figures/moments", "figures/strips", "figures/style", "draw"),
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
    """Held-out faces without and with the face generator, beside the real ones."""
    input:
        videos=lambda wildcards: [
            f"results/synthesis/{wildcards.target}{variant}.heldout.mp4" for _, variant in faced()
        ],
        frames="results/frames/{target}.avi",
        pose="results/poses/{target}.npz",
        code=library("figures/faces", "figures/moments", "figures/strips", "figures/style", "face"),
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
        source_pose="results/poses/{source}.npz",
        before_pose="results/poses/{target}_as_{source}.unnormalized.npz",
        after_pose="results/poses/{target}_as_{source}.npz",
        before_video=lambda wildcards: (
            f"results/{wildcards.target}_as_{wildcards.source}{trainings_of(OURS)[0]}.unnormalized.mp4"
        ),
        after_video=lambda wildcards: (
            f"results/{wildcards.target}_as_{wildcards.source}{trainings_of(OURS)[0]}.mp4"
        ),
        code=library(
            *("figures/placing", "figures/moments", "figures/strips", "figures/style"),
            *("normalization_figure", "normalize", "draw"),
        ),
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
        code=library(
            "figures/failures", "figures/measures", "figures/moments", "figures/strips", "figures/style"
        ),
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
    script:
        "../workflow_scripts/plot_failures.py"


rule plot_curves:
    """The losses of all trainings of a target."""
    input:
        losses=lambda wildcards: [
            f"results/models/{wildcards.target}{folder}/losses.jsonl" for _, _, folder in trained_stages()
        ],
        code=library("figures/curves", "figures/style", "training_summary"),
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
    """The source and everyone who performs its dance, in one video with its sound."""
    input:
        source="results/frames/{source}.avi",
        videos=videos_of_dance,
        clip=lambda wildcards: clips_of(wildcards.source)[0]["video"],
        code=library("figures/people", "media"),
    output:
        video=shown(ensure("results/comparisons/{source}.mp4", non_empty=True), "people_compared"),
    log:
        "logs/compare_people/{source}.log",
    benchmark:
        "benchmarks/rules/compare_people/{source}.tsv"
    conda:
        "../envs/report.yaml"
    params:
        targets=targets_of,
    script:
        "../workflow_scripts/compare_people.py"


rule figures:
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
        expand("results/figures/{target}.faces.{kind}", target=HELDOUT if faced() else [], kind=FIGURES),
        expand("results/figures/{target}.curves.{kind}", target=TARGETS, kind=FIGURES),
        expand("results/comparisons/{source}.mp4", source=SOURCES),
