"""The hashes that decide whether a rule runs again."""

import os
import subprocess
import sys

import pytest

from dancenow.errors import InputError
from dancenow.planning import reruns
from running import ROOT

CODE = "import os\n\n\ndef double(number):\n    return 2 * number\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hash_of(folder, code):
    """code_hash of a script of this code; each lies in a folder of its own, for hashes are kept."""
    script = folder / str(len(list(folder.iterdir()))) / "script.py"
    script.parent.mkdir()
    script.write_text(code)
    return reruns.code_hash(script)


def test_comments_docstrings_and_layout_are_not_what_code_does(folder):
    same = '"""A."""\n# why\nimport os\ndef double(\n    number,\n):\n    """It."""\n    return 2*number\n'
    assert hash_of(folder, CODE) == hash_of(folder, same)


@pytest.mark.parametrize("change", [("2", "3"), ("return ", ""), ("double", "twice"), ("2 *", "2.0 *")])
def test_a_change_of_what_code_does_changes_the_hash(folder, change):
    assert hash_of(folder, CODE) != hash_of(folder, CODE.replace(*change))


def test_a_string_that_is_no_docstring_counts(folder):
    assert hash_of(folder, 'a = "x"') != hash_of(folder, 'a = "y"')


def test_what_a_script_reaches():
    found = {path.name for path in reruns.reached(ROOT / "workflow_scripts/train_stage.py")}
    assert {"train_stage.py", "trainer.py", "adam.py", "rolling.py", "networks.py"} <= found
    assert not {"normalize.py", "batch_summary.py", "mediapipe_holistic.py"} & found
    gallery = reruns.reached(ROOT / "workflow_scripts/make_gallery.py")
    assert ROOT / "workflow_scripts/dancenow/pages/gallery/page.html" in gallery


def test_contents_are_of_the_bytes(folder):
    for name, held in (("a", "clip"), ("b", "clip"), ("c", "clap")):
        (folder / name).write_text(held)
    assert reruns.contents("a") == reruns.contents("b") != reruns.contents("c")
    before, when = reruns.contents("a"), os.stat("a").st_mtime_ns
    (folder / "a").write_text("clop")
    os.utime("a", ns=(when, when))
    assert reruns.contents("a") != before


def test_a_file_is_read_once(folder, monkeypatch):
    (folder / ".snakemake").mkdir()
    (folder / "a").write_text("clip")
    first = reruns.contents("a")
    monkeypatch.setattr(reruns, "sha256", lambda path: pytest.fail("read again"))
    assert reruns.contents("a") == first
    reruns.KNOWN_CONTENTS.write_text("{")  # damaged
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    assert reruns.contents("a") == first


def test_a_folder_is_its_files_and_their_names(folder):
    keypoints = folder / "keypoints"
    keypoints.mkdir()
    (keypoints / "a_0.json").write_text("{}")
    first = reruns.contents("keypoints", folder=True)
    (keypoints / "a_0.json").rename(keypoints / "a_1.json")
    assert first != reruns.contents("keypoints", folder=True)
    assert reruns.contents("keypoints") is None


def told(code):
    """The words that a Python prints in which nothing is kept yet."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
    code = f"from dancenow.planning import reruns; {code}"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=30
    )
    return run.stdout.split()


def test_a_clip_that_is_replaced_or_gone_since_the_run_began_is_refused(folder):
    (folder / "a").write_text("clip")
    held = [reruns.contents("a"), reruns.contents("made")]
    (folder / "made").write_text("by another rule")
    reruns.require_unchanged(["a", "made"], held)
    (folder / "a").write_text("exported again")
    with pytest.raises(InputError, match=r"^a: another file than when this run began; enter the same"):
        reruns.require_unchanged(["a", "made"], held)
    (folder / "a").unlink()
    with pytest.raises(InputError, match=r"^a: not there any more; put it back and enter the same command"):
        reruns.require_unchanged(["a", "made"], held)


def test_what_is_no_file_is_left_to_the_rule(folder):
    os.mkfifo(folder / "pipe")
    assert told("print(reruns.contents('pipe'), reruns.contents('gone'))") == ["None"] * 2


def test_code_is_parsed_once_and_again_by_another_reader(folder):
    (folder / ".snakemake").mkdir()
    (folder / "script.py").write_text(f"PAGE = 'page.html'\n{CODE}")
    (folder / "page.html").write_text("<p>")
    whole = f"script = '{folder}/script.py'; print(reruns.code_hash(script), len(reruns.reached(script)))"
    unparsed = f"reruns.ast.parse = None; {whole}"
    first = told(whole)
    assert first[1] == "2" and told(unparsed) == first
    kept = reruns.KNOWN_CODE.read_text()
    for other in (kept[:-1], kept.replace('"reader": "', '"reader": "0')):  # damaged, or of another version
        reruns.KNOWN_CODE.write_text(other)
        assert told(unparsed) == [] and told(whole) == first
    (folder / "script.py").write_text(CODE)
    assert told(whole)[1] == "1"
