"""Text is UTF-8 on every machine: no call leaves the encoding to the locale, which may be Latin-1."""

import ast

import pytest

from running import ROOT

# these take numbers or no encoding, or, of dancenow.files, give it themselves
OTHERS = {"os.open", "tarfile.open", "write_text"}


def of_locale(call):
    """Whether a call reads or writes text in the encoding of the locale."""
    name = ast.unparse(call.func)
    method = name.rpartition(".")[2]
    named = {word.arg: word.value for word in call.keywords}
    if "encoding" in named or name in OTHERS:
        return False
    if method in ("open", "fdopen"):
        place = 1 if name in ("open", "os.fdopen") else 0
        modes = [named["mode"]] if "mode" in named else call.args[place : place + 1]
        return "b" not in "".join(map(ast.unparse, modes))
    return method in ("read_text", "write_text", "FileHandler") or (method == "run" and "text" in named)


def calls(text):
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]


def test_no_file_of_the_library_is_read_or_written_in_the_locales_encoding():
    scripts = sorted((ROOT / "workflow_scripts").rglob("*.py"))
    found = {
        path.name: [call.lineno for call in calls(path.read_text()) if of_locale(call)] for path in scripts
    }
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "line, found",
    [
        ("path.read_text()", True),
        ("path.write_text(page, encoding='utf-8')", False),
        ("write_text(path, page)", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("path.open('a')", True),
        ("os.fdopen(handle, 'wb')", False),
        ("subprocess.run(command, text=True)", True),
        ("subprocess.run(command)", False),
    ],
)
def test_such_a_call_is_found(line, found):
    assert any(map(of_locale, calls(line))) == found
