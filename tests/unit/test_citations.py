"""What docstrings and comments cite is there: dancenow.module.name, module.name, and "as from name"."""

import ast
import io
import re
import tokenize
from functools import cache

import yaml

from dancenow.model import checkpoint
from running import ROOT, rules

LIBRARY = ROOT / "workflow_scripts/dancenow"
FILES = [
    path
    for folder in ("workflow_scripts", "tests", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path.name != "test_citations.py"
]
SETTINGS = yaml.safe_load((ROOT / "config.yaml").read_text())
RULES = set(rules())
DOTTED = re.compile(r"(?<![\w./{\"'])((?:[a-z_]+\.)+)(\w+)(?![\w/]|\.\w)")
SUFFIXES = {"py", "json", "yaml", "png", "mp4", "txt"}
AS_FROM = re.compile(r"\b(?:[Aa]s (?:from|in|of)|from rule|see) `?([a-z]+_\w+)")


@cache
def parsed(path):
    """A file's syntax tree; read by the tests alone, for every process of them collects this file."""
    return ast.parse(path.read_text())


def names_in(tree):
    """Everything that a module defines or names, a module's own import and its attributes' names included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.asname or node.name


@cache
def module_names():
    """{"keypoints" or "figures.bars" or "bars": names in it and in its namesakes}."""
    found = {}
    for path in (*LIBRARY.rglob("*.py"), *(ROOT / "tests/unit").rglob("*.py")):
        folder = LIBRARY if path.is_relative_to(LIBRARY) else path.parent
        parts = path.relative_to(folder).with_suffix("").parts
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        names = set(names_in(parsed(path))) | {below.stem for below in path.parent.glob("[a-z]*")}
        for name in {".".join(parts), parts[-1] if parts else ""}:
            found.setdefault(name, set()).update(names)
    return found


@cache
def defined():
    """The names of all functions and classes."""
    return {
        node.name
        for path in FILES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def prose(source):
    """The docstrings and comments of a file."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT or token.string.startswith('"""'):
            yield token.string


def wrong(source):
    """The citations of a source that name nothing."""
    modules = module_names()
    own = {node.arg for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arg)}
    for text in prose(source):
        for before, name in DOTTED.findall(text):
            module = before.removesuffix(".").removeprefix("dancenow.").removeprefix("dancenow")
            if module in modules:
                a_file_or_argument = name in SUFFIXES or module in own
                known = a_file_or_argument or name in modules[module] | SETTINGS.get(module, {}).keys()
                gone = not known
            else:
                gone = before.startswith("dancenow.")
            if gone:
                yield before + name
        for name in AS_FROM.findall(text):
            if name not in defined() | RULES | modules.keys() | own:
                yield name


def test_what_is_cited_is_there():
    found = {str(path.relative_to(ROOT)): list(wrong(path.read_text())) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_wrong_citation_is_found():
    text = '"""As dancenow.pose.gone, intervals.block_bootstrap and dancenow.lost.name; as from no_rule."""'
    assert list(wrong(text)) == ["dancenow.pose.gone", "dancenow.lost.name", "no_rule"]


def test_every_key_that_a_generators_file_promises_is_written():
    promised = set(re.findall(r"`(\w+)`", checkpoint.save_generator.__doc__))
    sources = "".join(
        (LIBRARY / name).read_text() for name in ("training/train_target.py", "training/stages.py")
    )
    assert {"network", "width", "step"} < promised <= set(re.findall(r'"(\w+)":', sources))
