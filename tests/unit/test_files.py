"""Paths as people write them."""

import unicodedata

import pytest

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
