# All figures, pages and videos, without (overview) and with (everything) the trainings of a comparison; Markdown pages
# also as HTML, which a report shows without another program.
# REQUIRED INPUTS: any results/*.md, with the pictures and videos that it refers to
# OUTPUTS: results/pages/{page}.html


rule publish_page:
    """A Markdown page with its pictures and videos inside."""
    input:
        page="results/{page}.md",
    output:
        page=report(
            ensure("results/pages/{page}.html", non_empty=True),
            caption="captions/page.rst",
            category=page_category,
            labels=page_labels,
        ),
    log:
        "logs/publish_page/{page}.log",
    benchmark:
        "benchmarks/rules/publish_page/{page}.tsv"
    conda:
        "../envs/pose.yaml"
    script:
        "../workflow_scripts/publish_page.py"


rule overview:
    """All figures, tables, pages and videos of the transfers, for `snakemake --report`."""
    input:
        "results/gallery.html",
        expand(
            [
                "results/{pair}.mp4",
                "results/gallery/{pair}.html",
                "results/figures/{pair}.png",
                "results/figures/{pair}.normalization.png",
                "results/overlays/{pair}.mp4",
                "results/reports/{pair}.html",
            ],
            pair=config["transfers"],
        ),
        expand(
            [
                "results/figures/{subject}.people.png",
                "results/overlays/{subject}.mp4",
                "results/reports/{subject}.html",
            ],
            subject=subjects_shown(),
        ),
        expand("results/pages/models/{model}/summary.html", model=models_shown()),
        expand("results/pages/metrics/{target}.heldout.html", target=WITH_HELDOUT),
        expand("results/pages/metrics/{pair}.html", pair=truths_shown()),
        # not if the detector would need a training that was not requested
        branch(detector_shown(), then=["results/pages/authenticity/report.html"], otherwise=[]),


rule everything:
    """All of `overview` and `figures`."""
    input:
        rules.overview.input,
        rules.figures.input,
        expand("results/pages/tables/{scored}.ablation.html", scored=ALL_SCORED),
