# Which runs the tables and figures compare, and which files they need. Functions only.

from types import SimpleNamespace

# {scored} is a pair with a ground truth, or {target}.heldout
SCORED = rf"({NAME})(_as_({NAME})|\.heldout)"
SOURCES = sorted({pair.split("_as_")[1] for pair in config["transfers"]})
WITH_HELDOUT = TARGETS if config["train"]["holdout"] else []
ALL_SCORED = [f"{target}.heldout" for target in WITH_HELDOUT] + truths_shown()
FIGURES = ["png", "pdf"]
TABLES = ["md", "tex", "csv"]


def trainings_of(name):
    """The {variant} of each seed of a variant, or of the run itself for OURS; no seed under two names."""
    usual = train_of(bare(name))["seed"]
    return [
        bare(name) if seed == usual else f"{bare(name)}.seed{seed}" for seed in config["comparison"]["seeds"]
    ]


# the {variant} of the training of the run itself that figures and videos show
OUR_FIRST = trainings_of(OURS)[0]


def compared():
    """What is compared: (name, its trainings), ours last. Figures show the first training of each."""
    return [(name, trainings_of(name)) for name in [*config["comparison"]["variants"], OURS]]


def scored_runs(scored):
    """[(name, the stem of its file in results/metrics)] of all rows of one table."""
    if scored.endswith(".heldout"):
        target = scored.removesuffix(".heldout")
        return [(name, f"{target}{one}.heldout") for name, variants in compared() for one in variants]
    runs = [(name, f"{scored}{one}") for name, variants in compared() for one in variants]
    return [(f"{OURS}, not normalised", f"{scored}{one}.unnormalized") for one in trainings_of(OURS)] + runs


def scored_names(wildcards):
    """The names of scored_runs."""
    return [name for name, _ in scored_runs(wildcards.scored)]


def scored_metrics(wildcards):
    """The metric files of scored_runs."""
    return [f"results/metrics/{stem}.json" for _, stem in scored_runs(wildcards.scored)]


def scored_series(wildcards):
    """The per-frame metric files of scored_runs."""
    return [f"results/metrics/{stem}.frames.npz" for _, stem in scored_runs(wildcards.scored)]


def scored_words(wildcards):
    """The title of a table."""
    if wildcards.scored.endswith(".heldout"):
        return f"{wildcards.scored.removesuffix('.heldout')}, held-out footage"
    target, source = wildcards.scored.split("_as_")
    return f"{target} as {source}, against the ground truth"


def first_videos(wildcards):
    """The videos of a pair, one per compared method, from its first training."""
    pair = f"{wildcards.target}_as_{wildcards.source}"
    return [f"results/synthesis/{pair}{variants[0]}.mp4" for _, variants in compared()]


def of_transfers(pattern):
    """As input: `pattern` for each pair of `transfers`, with the target, the source and our first training."""

    def inputs(wildcards):
        if not config["transfers"]:
            raise WorkflowError("config: transfers: empty, so there is nothing to show; name one")
        pairs = [pair.split("_as_") for pair in config["transfers"]]
        return [pattern.format(target=a, source=b, variant=OUR_FIRST) for a, b in pairs]

    return inputs


def failing_inputs(wildcards):
    """The inputs of plot_failures: our first training's result, its driving pose, and the truth of held-out footage."""
    scored, ours = wildcards.scored, OUR_FIRST
    if scored.endswith(".heldout"):
        target = scored.removesuffix(".heldout")
        return {
            "series": f"results/metrics/{target}{ours}.heldout.frames.npz",
            "video": f"results/synthesis/{target}{ours}.heldout.mp4",
            "truth": f"results/frames/{target}.avi",
            "pose": f"results/poses/{target}.steady.npz",
            "steady": f"results/steady/{target}.npz",
        }
    return {
        "series": f"results/metrics/{scored}{ours}.frames.npz",
        "video": f"results/synthesis/{scored}{ours}.mp4",
        "pose": f"results/poses/{scored}.npz",
    }


def failing_truth(wildcards):
    """The ground truth that plot_failures reads; for held-out footage the frames, which are an input."""
    if wildcards.scored.endswith(".heldout"):
        return []
    target, source = wildcards.scored.split("_as_")
    return truth_of(SimpleNamespace(target=target, source=source))


def faced():
    """[(name, its first training)] of the compared variants with a face generator, each after its base."""
    runs = {}
    for name in config["comparison"]["variants"]:
        base = config["variants"][name].get("base")
        if base and train_of(f".{name}")["face"] and not train_of(bare(base))["face"]:
            runs |= {base: trainings_of(base)[0], name: trainings_of(name)[0]}
    return list(runs.items())


def faced_videos(wildcards):
    """The reconstructions of the held-out frames by the trainings of `faced`."""
    if not faced():
        raise WorkflowError(
            "config: comparison.variants: none of them adds a face generator to another variant, so there are no faces "
            "to compare; add one, as full in config.yaml"
        )
    return [f"results/synthesis/{wildcards.target}{variant}.heldout.mp4" for _, variant in faced()]


def face_edge():
    """Edge of the largest square that a face generator of `faced` corrects, px."""
    faces = [train_of(variant)["face"] for _, variant in faced()]
    return max([face["size"] for face in faces if face], default=None)


def trained_stages():
    """[(name, stage, the stage's folder in the target's)] of all trainings; a variant does not repeat its base's."""
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


def targets_of_dance(wildcards):
    """The targets that perform a source's dance in `transfers`."""
    pairs = [pair.split("_as_") for pair in config["transfers"]]
    return [target for target, source in pairs if source == wildcards.source]


def videos_of_dance(wildcards):
    """The results of targets_of_dance, from our first training."""
    if not targets_of_dance(wildcards):
        raise WorkflowError(
            f"config: transfers: nobody performs the dance of {wildcards.source}; add a pair to compare"
        )
    return [
        f"results/synthesis/{target}_as_{wildcards.source}{OUR_FIRST}.mp4"
        for target in targets_of_dance(wildcards)
    ]
