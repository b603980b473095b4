"""`snakemake --report`: everything there is to see in one file, grouped and captioned, without a network."""

import base64
import json
import re

import cv2
import numpy as np
import pytest

from browser import browser_page
from clips import film, numbered
from running import planned_jobs, said

PNG = cv2.imencode(".png", np.full((40, 60, 3), 200, np.uint8))[1].tobytes()
# larger than what a browser takes as an address
PAGE = b"<!doctype html><title>a page</title><p id=there>there</p><!--" + 600_000 * b"long " + b"-->"
WANTED = {
    "Results": {
        "results/alice_as_brunomars.mp4", "results/gallery/alice_as_brunomars.html",
        "results/figures/alice_as_brunomars.png",
    },
    "Poses": {f"results/{path}" for name in ("alice", "brunomars")
              for path in (f"figures/{name}.people.png", f"overlays/{name}.mp4")},
    "Normalisation": {
        "results/figures/alice_as_brunomars.normalization.png", "results/overlays/alice_as_brunomars.mp4",
    },
    "Footage": {f"results/reports/{name}.html" for name in ("alice", "brunomars", "alice_as_brunomars")},
    "Training": {
        "results/models/alice/progress.png", "results/models/alice/progress.mp4",
        "results/models/alice/losses.png", "results/pages/models/alice/summary.html",
    },
    "Metrics": {f"results/{place}/{name}" for name in ("alice_as_brunomars", "alice.heldout")
                for place, name in (("metrics", f"{name}.json"), ("pages/metrics", f"{name}.html"))},
    "Fake detection": {"results/authenticity/roc.png", "results/pages/authenticity/report.html"},
}  # fmt: skip


def told(html, name):
    """The value of one of the variables that the report's scripts start from."""
    script = html[html.index(f'<script id="{name.replace("_", "-")}">') :]
    return json.JSONDecoder().raw_decode(script, script.index(" = ") + 3)[0]


@pytest.fixture
def content(tmp_path):
    """What stands in the results, by the end of their names."""
    video = film(tmp_path / "film.mp4", numbered(5)).read_bytes()
    return {".png": PNG, ".mp4": video, "_as_brunomars.html": PAGE, ".html": b"short", ".json": b"{}"}


def content_of(path, content):
    return next(data for end, data in content.items() if str(path).endswith(end))


@pytest.fixture
def report(workflow, content):
    """The report of a workflow whose results are there; nothing has to run for it."""
    for path in set().union(*WANTED.values()):
        made = workflow.directory / path
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(content_of(made, content))
    completed = workflow("--report", "report.html", "overview")
    assert completed.returncode == 0, said(completed)
    return workflow.directory / "report.html"


def test_everything_is_inside_and_a_browser_shows_it_without_a_network(report, content, tmp_path):
    html = report.read_text()
    results, categories = told(html, "results"), told(html, "categories")
    grouped = {
        name: {path for paths in groups.values() for path in paths} for name, groups in categories.items()
    }
    assert grouped == WANTED
    for path, shown in results.items():
        inside = base64.b64decode(shown["data_uri"].split("base64,")[1])
        assert inside == content_of(path, content), path
        assert len(re.sub("<[^>]+>", "", shown["caption"]).split()) > 2, path
        assert "{{" not in shown["caption"] and "system-message" not in shown["caption"], path
        assert shown["labels"]
    assert results["results/alice_as_brunomars.mp4"]["labels"]["target"] == "alice"
    workflow_text = told(html, "workflow_desc")
    assert "Transfers: alice as brunomars." in workflow_text and "system-message" not in workflow_text
    with browser_page(tmp_path / "profile") as page:
        page.open(report)
        page.until("document.body.innerText.includes('Normalisation')")
        # a look elsewhere and back home loads the description once more
        page.run("app.setView({content: 'stats'}), app.setView({content: 'rulegraph'})")
        eye = "new ButtonViewManager(app).handleSelectedResult('results/{}').props.onClick()"
        page.run(eye.format("gallery/alice_as_brunomars.html"))
        page.until("document.querySelector('iframe')?.contentDocument.getElementById('there')?.textContent")
        page.run(eye.format("alice_as_brunomars.mp4"))
        page.until("document.querySelector('video')?.readyState >= 2")
        page.run(eye.format("figures/alice_as_brunomars.png"))
        page.until("[...document.images].some(image => image.naturalWidth === 60)")
        # Snakemake's own stylesheet has a word to say to its makers
        assert [line for line in page.console if "tailwindcss" not in line] == []
        assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_no_caption_is_forgotten(workflow):
    rules = workflow.root / "rules"
    text = "".join(path.read_text() for path in [*rules.glob("*.smk"), workflow.root / "Snakefile"])
    for caption in (rules / "captions").glob("*.rst"):
        name = caption.stem  # once in the table, and where it is used
        assert text.count(f'"{name}"') >= 2 or f"captions/{name}.rst" in text, name


def test_everything_adds_the_comparison_with_its_pictures_and_tables_shown(workflow):
    unmarked = r'=ensure\(\s*"[^"]+[.](png|mp4)"'
    assert not re.search(unmarked, (workflow.root / "rules/figures.smk").read_text())
    planned = planned_jobs(workflow("-n", "everything"))
    # of two scored runs; of the training, the detector and the evaluations as in the overview
    assert (planned["tabulate_ablation"], planned["publish_page"]) == (2, 1 + 5)
    assert planned["train_generator"] > 1 and {"compare_people", "plot_failures"} <= planned.keys()


def test_of_other_transfers_nothing_is_trained(workflow):
    others = "subjects={carol: {video: data/carol.mp4}}", "transfers=[carol_as_brunomars]"
    planned = planned_jobs(workflow("-n", "overview", "--config", *others))
    assert planned["train_generator"] == planned["summarise_training"] == 1
    assert not planned.keys() & {"train_detector", "evaluate_transfer"}
