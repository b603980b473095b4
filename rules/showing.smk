# What Snakemake's report shows, and under which heading. Functions only; the captions are in captions/.
#
# snakemake --cores 1 --report report.html overview

# name of a caption: (category, what is shown)
SHOWN = {
    "player": ("Results", "source, skeleton and result, in step"),
    "result": ("Results", "video"),
    "transfer_figure": ("Results", "figure"),
    "people": ("Poses", "everyone found"),
    "skeleton_overlay": ("Poses", "skeleton over the clip (video)"),
    "normalization_figure": ("Normalisation", "figure"),
    "normalization_overlay": ("Normalisation", "before and after (video)"),
    "footage": ("Footage", "whether the clip will do"),
    "pair": ("Footage", "whether the pair will do"),
    "previews": ("Training", "held-out frames"),
    "previews_film": ("Training", "held-out frames (video)"),
    "losses": ("Training", "losses"),
    "metrics": ("Metrics", "numbers (JSON)"),
    "roc": ("Fake detection", "figure"),
    "ablation": ("Comparison", "chart"),
    "grid": ("Comparison", "all transfers"),
    "filmstrip": ("Comparison", "consecutive frames"),
    "faces": ("Comparison", "faces"),
    "placing": ("Comparison", "with and without normalisation"),
    "failures": ("Comparison", "worst frames"),
    "curves": ("Comparison", "losses of all trainings"),
    "people_compared": ("Comparison", "source and everyone who dances (video)"),
}

# first folder of a Markdown page below results: (category, what is shown)
PAGES = {
    "models": ("Training", "summary"),
    "metrics": ("Metrics", "tables"),
    "authenticity": ("Fake detection", "tables"),
    "tables": ("Comparison", "tables"),
}


def shown(output, caption, **more):
    """An output that a report shows, with its caption; its labels are the wildcards and those given."""
    category, what = SHOWN[caption]

    def labels(wildcards):
        given = {name: value.lstrip(".") for name, value in wildcards.items() if value}
        return given | more | {"shows": what}

    return report(output, caption=f"captions/{caption}.rst", category=category, labels=labels)


def page_kind(wildcards):
    """Category and contents of a Markdown page, by its folder."""
    return PAGES.get(Path(wildcards.page).parts[0], ("Other", "page"))


def page_category(wildcards):
    """Heading under which a report shows a Markdown page."""
    return page_kind(wildcards)[0]


def page_labels(wildcards):
    """Labels of a Markdown page in a report."""
    return {"page": wildcards.page, "shows": page_kind(wildcards)[1]}


def models_shown():
    """The model folders, of all stages, that the configured transfers use."""
    stages = ["", *(stage for stage in ("enhancer", "face") if config["train"][stage])]
    return [str(Path(target, stage)) for target in TARGETS for stage in stages]


def truths_shown():
    """The configured transfers that have a ground truth."""
    return [pair for pair in config["transfers"] if pair in config["evaluation"]["truth"]]


def detector_shown():
    """Whether the detector learns from configured transfers only."""
    detector = config["authenticity"]
    return bool(detector["train"]) and {*detector["train"], *detector["heldout"]} <= {*config["transfers"]}


def subjects_shown():
    """All subjects in the configured transfers."""
    return names_of(config["transfers"])
