"""What the pages name is there: links, headings, files, functions, rules; and the pages that code names."""

import ast
import re
from functools import cache

import pytest

from running import ROOT

PAGES = {
    str(path.relative_to(ROOT)): path.read_text()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("data/*.md")])
}
# pages that name files of the library as it is now; the laboratory's may name what has gone
OF_TODAY = sorted(page for page in PAGES if not page.startswith("docs/lab/"))
ROOTS = ROOT, ROOT / "workflow_scripts/dancenow", ROOT / "workflow_scripts", ROOT / "docs"
CODE = [
    ROOT / "Makefile",
    ROOT / "Snakefile",
    ROOT / "config.yaml",
    *(path for kind in ("py", "smk", "yaml", "sh") for path in ROOT.glob(f"[a-z]*/**/*.{kind}")),
]
CITED = re.compile(r"\bdocs/[\w/]+\.md|\b(?:README|CONTRIBUTING)\.md")
FILE = r"`((?:[\w.]+/)*\w+\.(?:py|smk|yaml))`"


def without_code(text):
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


@cache
def anchors(page):
    """The places in a page that a link can lead to, as GitHub names them."""
    titles = re.findall(r"^#+ (.+)$", without_code(PAGES[page]), re.M)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r'<a id="([^"]+)">', PAGES[page]))


def dead_links(page, text):
    """The links of a page's text to files and headings that are not there."""
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        name = str(target.resolve().relative_to(ROOT))
        if not target.exists() or (anchor and anchor not in anchors(name)):
            yield link


def found(file):
    """The path of a file as pages name it, from the top or from the library; None if there is none."""
    return next((root / file for root in ROOTS if (root / file).exists()), None)


@cache
def defined(path):
    """Functions, classes and methods of a Python file, or functions and rules of a Snakemake file."""
    text = path.read_text()
    if path.suffix != ".py":
        return set(re.findall(r"^(?:def|rule) (\w+)", text, re.M))
    nodes = ast.walk(ast.parse(text))
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return names | set(re.findall(r"^([A-Z_]+) =", text, re.M))


def misnamed(text):
    """The files that are not there, and the functions that are not in the file named before them."""
    for file in re.findall(FILE, text):
        if found(file) is None:
            yield file
    for file, names in re.findall(FILE + r" ((?:`\w+`(?:, )?)+)", text):
        path = found(file)
        for name in re.findall(r"\w+", names):
            if path is not None and name not in defined(path):
                yield f"{file} {name}"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert list(dead_links(page, PAGES[page])) == []


@pytest.mark.parametrize("page", OF_TODAY)
def test_files_and_functions_are_there(page):
    assert list(misnamed(PAGES[page])) == []


def test_rules_of_the_frames_path_are_rules():
    part = re.search(r"## The path of a frame\n(.*?)\n## ", PAGES["docs/architecture.md"], re.S)[1]
    rules = set(re.findall(r"^rule (\w+):", "\n".join(p.read_text() for p in ROOT.glob("rules/*.smk")), re.M))
    told = set(re.findall(r"^\| `(\w+)` \|", part, re.M)) | set(re.findall(r"`([a-z]+_[a-z]+)` \(", part))
    assert len(told) > 12 and told <= rules


def test_every_room_is_in_the_map():
    library = ROOT / "workflow_scripts/dancenow"
    rooms = {path.parent.name for path in library.glob("*/__init__.py")}
    told = set(re.findall(r"^\| `(\w+)/` \|", PAGES["docs/architecture.md"], re.M))
    assert rooms <= told


def test_pages_that_code_names_are_there():
    named = {(str(path.relative_to(ROOT)), page) for path in CODE for page in CITED.findall(path.read_text())}
    assert len(named) > 20
    assert {(path, page) for path, page in named if not (ROOT / page).exists()} == set()


def test_what_is_not_there_is_found():
    text = "[a](gone.md) [b](#no-heading) [c](https://example.org) `pose/gone.py` and `job.py` `job`, `lost`"
    assert list(dead_links("README.md", text)) == ["gone.md", "#no-heading"]
    assert list(misnamed(text)) == ["pose/gone.py", "job.py lost"]
