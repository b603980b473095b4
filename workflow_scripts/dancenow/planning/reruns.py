"""Reasons for a rule to run again: what its code does and what the user's files contain.

Never the location of a file or the order of dates. rules/inputs.smk makes both reasons params.
"""

import ast
import hashlib
import json
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from dancenow.errors import InputError
from dancenow.files import sha256, write_text

SCRIPTS = Path(__file__).parents[2]
# cached in the working directory, because every Snakemake job parses the workflow again
KNOWN_CONTENTS = Path(".snakemake/contents.json")
KNOWN_CODE = Path(".snakemake/code.json")
DOCUMENTED = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef


def imported_names(path: str | Path) -> list[str]:
    """Dotted names of all that a Python file imports, inside functions too."""
    return _facts(path)["imports"]


def reached(script: str | Path) -> list[Path]:
    """The script and every file of the library that it needs, in several steps too: a sorted list of Path."""
    todo, found = [Path(script)], {Path(script)}
    while todo:
        new = _needed(todo.pop()) - found
        found |= new
        todo += new
    return sorted(found)


@cache
def code_hash(script: str | Path) -> str:
    """Hexadecimal hash of the code of a script and all modules that it reaches.

    Comments, docstrings and layout do not count, nor where the files lie or when they were written.
    """
    known = len(_known_code())
    lines = [f"{path.relative_to(Path(script).parent)} {_meaning_hash(path)}" for path in reached(script)]
    if len(_known_code()) > known:
        _write_known(KNOWN_CODE, {"reader": sha256(__file__), "files": _known_code()})
    return _hash("\n".join(lines))


def contents(path: str | Path, folder: bool = False) -> str | None:
    """Hexadecimal hash of the content of a user's file; folder: also allow a folder, whose file names count.

    None for what cannot be read, which is the rule's to refuse. A file is read again only when its size,
    inode or one of its dates has changed since; KNOWN_CONTENTS keeps that, in the working directory.
    """
    try:
        names = sorted(os.listdir(path)) if folder and os.path.isdir(path) else [""]
        files = {name: os.path.join(path, name) if name else path for name in names}
        stats = {name: os.stat(file) for name, file in files.items()}
        if not all(stat.S_ISREG(facts.st_mode) for facts in stats.values()):
            return None
        stamp = _hash(repr([(name, *_identity(facts)) for name, facts in stats.items()]))
        known = _read_known(KNOWN_CONTENTS)
        if known.get(str(path), [None])[0] != stamp:
            held = [(name, sha256(file)) for name, file in files.items()]
            known[str(path)] = [stamp, _hash(repr(held))]
            _write_known(KNOWN_CONTENTS, known)
        return known[str(path)][1]
    except OSError:
        return None


def require_unchanged(paths: Iterable[str], held: Iterable[str | None]) -> None:
    """InputError if a user's file is not as it was when the run began: its `contents` are in `held`.

    The frames of one clip would get the sound of another. What was no file then is the reader's to refuse.
    """
    for path, then in zip(paths, held, strict=True):
        if then is None or (now := contents(path)) == then:
            continue
        what = "not there any more" if now is None else "another file than when this run began"
        put_back = "put it back and " if now is None else ""
        raise InputError(f"{path}: {what}; {put_back}enter the same command again")


def _identity(facts: os.stat_result) -> tuple[int, ...]:
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _read_known(path: Path) -> dict:
    """What _write_known has written; empty where there is none or it is damaged, for it only saves time."""
    with suppress(OSError, ValueError):
        return json.loads(path.read_text(encoding="utf-8"))
    return {}


def _write_known(path: Path, known: dict) -> None:
    with suppress(OSError):
        write_text(path, json.dumps(known))


@cache
def _known_code() -> dict[str, dict]:
    """{hash of a Python file: its _facts}, of this version of this file; new ones are added to it."""
    kept = _read_known(KNOWN_CODE)
    return kept["files"] if kept.get("reader") == sha256(__file__) else {}


@cache
def _facts(path: str | Path) -> dict[str, Any]:
    """Of a Python file: a hash of its "meaning", the names it "imports", the "pages" its strings name."""
    held, known = Path(path).read_bytes(), _known_code()
    digest = hashlib.sha256(held).hexdigest()
    if digest not in known:
        facts: dict[str, Any] = {"imports": [], "pages": []}
        facts["meaning"] = _hash(repr(_meaning(ast.parse(held, path), facts)))
        known[digest] = facts
    return known[digest]


@cache
def _needed(path: Path) -> set[Path]:
    """Files of the library that a file needs by itself: modules, with their packages, and its templates."""
    if path.suffix != ".py":
        return set()
    needed = set()
    for name in imported_names(path):
        needed |= _files_of(name)
    return needed | {file for file in map(path.with_name, _facts(path)["pages"]) if file.is_file()}


@cache
def _files_of(name: str) -> set[Path]:
    """Files of the library behind a dotted name: the module, and the packages around it."""
    if name.split(".")[0] != "dancenow":
        return set()
    module = SCRIPTS.joinpath(*name.split("."))
    files = {file for file in (module.with_suffix(".py"), module / "__init__.py") if file.is_file()}
    return files | _files_of(name.rpartition(".")[0])


@cache
def _meaning_hash(path: Path) -> str:
    return _facts(path)["meaning"] if path.suffix == ".py" else sha256(path)


def _meaning(node: Any, facts: dict) -> Any:
    """A syntax tree as tuples, without docstrings, and without empty fields: each Python has its own.

    What it imports, and the strings in it that name pages, are added to `facts`.
    """
    if isinstance(node, list):
        return [_meaning(item, facts) for item in node]
    if not isinstance(node, ast.AST):
        return node
    fields = {name: getattr(node, name, None) for name in node._fields}
    if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    elif isinstance(node, ast.Import):
        facts["imports"] += [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"relative import of {node.module}"
        facts["imports"] += [f"{node.module}.{alias.name}" for alias in node.names]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith(".html"):
        facts["pages"].append(node.value)
    kept = [
        (name, _meaning(value, facts)) for name, value in fields.items() if value is not None and value != []
    ]
    return type(node).__name__, kept
