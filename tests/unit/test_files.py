"""Paths as people write them."""

import errno
import gc
import unicodedata

import numpy as np
import pytest

from dancenow.arrays import write_npz
from dancenow.errors import InputError
from dancenow.files import as_on_disk


@pytest.mark.parametrize(
    "folder, file, written", [("NFC", "NFD", "NFC"), ("NFD", "NFC", "NFD"), ("NFC", "NFC", "NFD")]
)
def test_accents_are_spelt_as_on_the_disk(tmp_path, folder, file, written):
    there = tmp_path / unicodedata.normalize(folder, "Tänze") / unicodedata.normalize(file, "Žižka é.mp4")
    there.parent.mkdir()
    there.touch()
    assert as_on_disk(str(tmp_path / unicodedata.normalize(written, "Tänze/Žižka é.mp4"))) == str(there)


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
