"""What the pages name is there: links, headings, files, functions, rules; and the pages that code names."""

import ast
import re
import shlex
from functools import cache

import pytest
from snakemake.cli import get_argument_parser

from running import ROOT, rules

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
        return set(re.findall(r"^(?:def |rule |use rule \w+ as )(\w+)", text, re.M))
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


@cache
def module(path):
    """Of a Python file its tree, {name: node} of what it defines, {name: (file, name)} of what it imports.

    Of an imported module the second name is None.
    """
    tree = ast.parse(path.read_text())
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dancenow"):
            place = ROOT / "workflow_scripts" / node.module.replace(".", "/")
            for alias in node.names:
                inner, own = place / f"{alias.name}.py", place.with_suffix(".py")
                file = inner if inner.exists() else own if own.exists() else place / "__init__.py"
                imported[alias.asname or alias.name] = file, None if file == inner else alias.name
    # the outermost of one name comes first in the walk
    return tree, {node.name: node for node in reversed(nodes)}, imported


@cache
def reached(script):
    """(file, name) of all that a script calls or makes, itself or through what it calls, by their names."""
    ahead, seen = [(script, None)], set()
    while ahead:
        path, name = ahead.pop()
        if (path, name) in seen or not path.exists():
            continue
        seen.add((path, name))
        tree, defined_here, imported = module(path)
        if name in imported and name not in defined_here:
            ahead.append(imported[name])  # handed on by a module that others take it from
        node = tree if name is None and path == script else defined_here.get(name)
        for inner in ast.walk(node) if node else ():
            if isinstance(inner, ast.Name) and inner.id in defined_here:
                ahead.append((path, inner.id))
            elif isinstance(inner, ast.Name) and imported.get(inner.id, (None, None))[1]:
                ahead.append(imported[inner.id])
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                file, whole = imported.get(inner.value.id, (None, ""))
                if whole is None:  # a function of an imported module
                    ahead.append((file, inner.attr))
    return seen


def scripts():
    """{rule: path of its script}."""
    given = {rule: re.search(r'script:\s*"\.\./([\w/]+\.py)"', text) for rule, text in rules().items()}
    return {rule: ROOT / path[1] for rule, path in given.items() if path}


def told_calls(part):
    """(rule, file, function) of the path of a frame, in the table and in the sentence below it."""
    rule = None
    for row in re.findall(r"^\| (.+?) \|.*\| (.+) \|$", part, re.M):
        rule = next(iter(re.findall(r"^`(\w+)`$", row[0])), rule)
        for file, names in re.findall(FILE + r" ((?:`\w+`(?:, )?)+)", row[1]):
            yield from ((rule, file, name) for name in re.findall(r"\w+", names))
    yield from re.findall(r"`(\w+)` \(" + FILE + r" `(\w+)`", " ".join(part.split()))


def not_called(calls):
    """Those whose function the rule's script never comes to."""
    return [call for call in calls if (found(call[1]), call[2]) not in reached(scripts()[call[0]])]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert list(dead_links(page, PAGES[page])) == []


@pytest.mark.parametrize("page", OF_TODAY)
def test_files_and_functions_are_there(page):
    assert list(misnamed(PAGES[page])) == []


def test_rules_of_the_frames_path_are_rules():
    part = re.search(r"## The path of a frame\n(.*?)\n## ", PAGES["docs/architecture.md"], re.S)[1]
    told = set(re.findall(r"^\| `(\w+)` \|", part, re.M)) | set(
        re.findall(r"`([a-z]+_[a-z]+)` \(", " ".join(part.split()))
    )
    assert len(told) > 12 and told <= rules().keys()


def test_the_rules_of_the_frames_path_call_the_functions_beside_them():
    part = re.search(r"## The path of a frame\n(.*?)\n## ", PAGES["docs/architecture.md"], re.S)[1]
    calls = list(told_calls(part))
    assert len(calls) > 25 and not_called(calls) == []
    assert not_called([("probe_clip", "pose/retarget.py", "retarget")]) != []


def test_the_path_of_a_key_is_the_one_told():
    part = re.search(r"## The path of a config key\n(.*?)\n## ", PAGES["docs/architecture.md"], re.S)[1]
    text = "\n".join(path.read_text() for path in [ROOT / "Snakefile", *ROOT.glob("rules/*.smk")])
    for _, name in re.findall(r"`(rules/\w+\.smk)` `(\w+)`", part):
        assert len(re.findall(rf"(?<!def )\b{name}\b", text)) > 0, name
    assert re.search(r"def training_settings\(.*?FirstSettings\.of\(train_of\(", text, re.S)
    trainer = ROOT / "workflow_scripts/dancenow/training/trainer.py"
    stages = {ROOT / "workflow_scripts/dancenow/training" / name for name in ("stages.py", "train_target.py")}
    between = reached(scripts()["train_generator"])
    assert (trainer, "Trainer") in between and stages <= {path for path, _ in between}
    # read where it is used, and nowhere on the way
    key = re.search(r"^`train\.(\w+): ", part, re.M)[1]
    readers = {
        (path, node.name)
        for path in {path for path, _ in between}
        for node in ast.walk(module(path)[0])
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(inner, ast.Attribute) and inner.attr == key for inner in ast.walk(node))
    }
    assert readers == {(trainer, "synthesize")}
    method = next(
        node for node in ast.walk(module(trainer)[1]["Trainer"]) if getattr(node, "name", "") == "synthesize"
    )
    assert "corrupt_last_frame" in {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}


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


def test_a_command_can_be_pasted_into_any_shell():
    """In zsh, `#` begins no comment at the prompt: what stands behind it would be arguments and patterns."""
    command = r" {4,}(?:snakemake|make|source|python|pip|git|squeue|\.venv|\$)\b.* # .*"
    assert {page: found for page in OF_TODAY if (found := re.findall(command, PAGES[page]))} == {}


def test_snakemake_understands_its_commands():
    """--config, --configfile and --software-deployment-method take the files that follow for values."""
    pages = "\n".join(PAGES[page] for page in OF_TODAY).replace("\\\n", " ")
    commands = re.findall(r"^ {4,}(?:.* )?(snakemake .+)$|`(snakemake [^`\n]+)`", pages, re.M)
    parser = get_argument_parser()
    given = [parser.parse_args(shlex.split(block or inline)[1:]) for block, inline in commands]
    assert sum(bool(each.targets) for each in given) > 25
