"""Paths as people write them."""

import errno
import fcntl
import gc
import os
import pickle
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from dancenow.arrays import write_npz
from dancenow.errors import InputError
from dancenow.files import as_on_disk, read_json, write_json


@pytest.mark.parametrize(
    "folder, file, written", [("NFC", "NFD", "NFC"), ("NFD", "NFC", "NFD"), ("NFC", "NFC", "NFD")]
)
def test_accents_are_spelt_as_on_the_disk(tmp_path, folder, file, written):
    there = tmp_path / unicodedata.normalize(folder, "Tänze") / unicodedata.normalize(file, "Žižka é.mp4")
    there.parent.mkdir()
    there.touch()
    assert as_on_disk(str(tmp_path / unicodedata.normalize(written, "Tänze/Žižka é.mp4"))) == str(there)


def test_a_space_that_looks_like_another_is_the_one_on_the_disk(tmp_path):
    """macOS writes a narrow one before AM and PM; of two names the nearest counts."""
    there = tmp_path / "Screen Recording at 3.00\u202fPM é.mov"
    there.touch()
    written = unicodedata.normalize("NFD", str(there).replace("\u202f", " "))
    assert as_on_disk(written) == str(there)
    Path(unicodedata.normalize("NFC", written)).touch()
    assert as_on_disk(written) == unicodedata.normalize("NFC", written)


def test_a_tilde_is_the_home_folder_unless_a_file_begins_with_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert as_on_disk("~/a.mp4") == f"{tmp_path}/home/a.mp4"
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "a.mp4").touch()
    assert as_on_disk("~/a.mp4") == "~/a.mp4"


@pytest.mark.parametrize(
    "path", ["data/ä.mp4", "./data/x.mp4", "/no/such/é.mp4", "~nobody-of-this-name/x.mp4", "x" * 300]
)
def test_what_is_not_there_stays_as_it_was_written(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    assert as_on_disk(path) == path


def test_a_file_appears_on_a_disk_without_modes_and_locks(tmp_path, monkeypatch):
    """As on a USB stick, to which results/ may be a link."""

    def refuse(*given):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(fcntl, "flock", refuse)
    write_json(tmp_path / "a.json", {"a": 1})
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_arrays_that_do_not_fit_leave_no_view_of_memory_in_the_traceback(tmp_path, monkeypatch):
    def full(source, target, *_):
        target.write(source.read(10))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    before = views_of_memory()
    with pytest.raises(InputError, match="free space") as caught:
        write_npz(tmp_path / "a.npz", {"a": np.zeros(1000)})
    # Python 3.12.1 crashes when it collects one whose owner went with it
    assert views_of_memory() <= before
    assert not list(tmp_path.iterdir()) and caught.tb is not None


def views_of_memory():
    return sum(type(each) is memoryview and type(each.obj) is not bytes for each in gc.get_objects())


@pytest.mark.parametrize("value, kind, words", [
    ("{}", dict, "it holds no keys"),
    ("[]", dict, "it holds no keys"),
    ('{"a": 1}', list, "it holds no list"),
    ("[]", list, "it holds no list"),
    ('{"a": 1', dict, "not JSON"),
])  # fmt: skip
def test_a_file_of_the_workflow_that_holds_something_else_is_named(tmp_path, value, kind, words):
    path = tmp_path / "facts.json"
    path.write_text(value)
    with pytest.raises(InputError) as error:
        read_json(path, kind)
    assert str(error.value).startswith(f"{path}: damaged, ") and words in str(error.value)
    assert str(error.value).endswith("; delete it to make it again")


@pytest.mark.parametrize("where", [lambda held: held, lambda held: held["clips"][0]["fit"]])
def test_a_key_that_a_file_of_the_workflow_lacks_is_named_with_the_file_however_deep(tmp_path, where):
    write_json(tmp_path / "facts.json", {"clips": [{"fit": {"scale": 1.0}}]})
    held = where(pickle.loads(pickle.dumps(read_json(tmp_path / "facts.json"))))
    assert held.get("fps") is None and "fps" not in held
    with pytest.raises(InputError, match=r"facts\.json: has no 'fps', .*; delete it to make it again$"):
        held["fps"]
