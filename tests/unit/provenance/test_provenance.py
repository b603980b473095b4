"""Signing, reading back, and what every kind of tampering is told as."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from dancenow.errors import InputError
from dancenow.files import sha256
from dancenow.provenance import keys
from dancenow.provenance.detection import find_mark
from dancenow.provenance.manifest import inputs_of, sign
from dancenow.provenance.verdict import BROKEN, SILENT, STATED, examine, lines_of
from dancenow.provenance.xmp import C2PA_BOX, COMPOSITE, GENERATED, append_xmp
from dancenow.video.media import decode
from dancenow.video.probing import probe
from running import ROOT
from signed_films import FILM_SIZE, content, film, sign_films


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """A folder with the files of signed_films.sign_films."""
    folder = tmp_path_factory.mktemp("signed")
    sign_films(folder)
    return folder


def changed(signed, tmp_path, place):
    """signed.mp4 with the byte at `place` changed."""
    held = bytearray((signed / "signed.mp4").read_bytes())
    held[place] ^= 1
    (tmp_path / "changed.mp4").write_bytes(held)
    return tmp_path / "changed.mp4"


def test_a_signed_result_states_what_it_is_made_from(signed):
    told = examine(signed / "signed.mp4", keys.authority(signed / "keys"))
    assert (told["signature"], told["status"], told["xmp"]) == ("valid", STATED, COMPOSITE)
    assert told["manifest"]["actions"] == ["c2pa.created"]
    assert told["manifest"]["sources"] == [COMPOSITE]
    inputs = told["manifest"]["inputs"]
    source = sha256(signed / "source.mp4")
    assert inputs["pose"] == source and "face" not in inputs
    assert inputs["clips"] == [{"role": "source", "sha256": source}]


def test_elsewhere_the_same_signature_is_untrusted(signed):
    told = examine(signed / "signed.mp4")
    assert (told["signature"], told["status"]) == ("untrusted", STATED)


def test_signing_changes_no_picture(signed):
    before, after = (
        [
            frame.tobytes()
            for frame in decode(signed / f"{name}.mp4", probe(signed / f"{name}.mp4"), *FILM_SIZE)
        ]
        for name in ("plain", "signed")
    )
    assert len(before) == 8 and before == after


def test_a_changed_byte_of_the_picture_breaks_the_signature(signed, tmp_path):
    start, size = content(signed / "signed.mp4", b"mdat")
    told = examine(changed(signed, tmp_path, start + size // 2), keys.authority(signed / "keys"))
    assert (told["signature"], told["status"]) == ("broken", BROKEN)
    assert "\n" not in told["verdict"]


def test_a_picture_that_can_no_longer_be_decoded_is_broken_though_the_mark_is_looked_for(signed, tmp_path):
    start, size = content(signed / "signed.mp4", b"mdat")
    held = bytearray((signed / "signed.mp4").read_bytes())
    held[start + 8 : start + size] = bytes(size - 8)
    (tmp_path / "emptied.mp4").write_bytes(held)
    with pytest.raises(InputError, match="emptied.mp4"):
        find_mark(tmp_path / "emptied.mp4", bytes(32))
    told = examine(tmp_path / "emptied.mp4", keys.authority(signed / "keys"), bytes(32))
    verdict, mark = lines_of(told)
    assert told["status"] == BROKEN and "signature broken" in verdict
    assert "could not be looked for: " in mark and "emptied.mp4" in mark


@pytest.mark.parametrize("word", [b"c2pa.created", b"compositeWithTrainedAlgorithmicMedia", b"dancenow"])
def test_a_changed_byte_of_the_manifest_breaks_the_signature(signed, tmp_path, word):
    # Named by what it says: C2PA leaves room of no meaning in a manifest, which no signature covers.
    start, size = content(signed / "signed.mp4", b"uuid", C2PA_BOX)
    place = (signed / "signed.mp4").read_bytes().index(word, start, start + size)
    told = examine(changed(signed, tmp_path, place), keys.authority(signed / "keys"))
    assert (told["signature"], told["status"]) == ("broken", BROKEN)
    assert "\n" not in told["verdict"]


def test_a_manifest_moved_to_another_video_is_broken(signed, tmp_path):
    first, other = (signed / "signed.mp4").read_bytes(), (signed / "others.mp4").read_bytes()
    (start, size), (at, length) = (
        content(signed / f"{name}.mp4", b"uuid", C2PA_BOX) for name in ("signed", "others")
    )
    assert size == length
    (tmp_path / "moved.mp4").write_bytes(other[:at] + first[start : start + size] + other[at + length :])
    told = examine(tmp_path / "moved.mp4", keys.authority(signed / "keys"))
    assert told["signature"] == "broken" and "hash" in told["verdict"].lower()
    assert "\n" not in told["verdict"]


def test_forged_xmp_breaks_a_signature_and_is_called_unsigned_without_one(signed, tmp_path):
    forged = tmp_path / "forged.mp4"
    forged.write_bytes((signed / "signed.mp4").read_bytes())
    append_xmp(forged, GENERATED)
    told = examine(forged)
    assert told["status"] == BROKEN and "\n" not in told["verdict"]
    forged.write_bytes((signed / "plain.mp4").read_bytes())
    assert examine(forged)["verdict"].startswith("forged.mp4: no statement of origin")
    append_xmp(forged, COMPOSITE)
    told = examine(forged)
    assert (told["signature"], told["status"], told["xmp"]) == ("absent", SILENT, COMPOSITE)
    assert "unsigned" in told["verdict"]


def test_a_manifest_in_a_clip_is_kept(signed, tmp_path):
    path = film(tmp_path / "second.mp4", 120)
    inputs = inputs_of({}, {}, {}, "c0de" * 16)
    signer = keys.signing_key(folder=signed / "keys")
    sign(path, path.name, signer, False, {"target": [signed / "signed.mp4"]}, inputs)
    told = examine(path)
    assert (told["signature"], told["xmp"], told["manifest"]["sources"]) == (
        "untrusted",
        GENERATED,
        [GENERATED],
    )
    assert b"signed.mp4" in path.read_bytes()  # the title that only the clip's own manifest holds


def test_keys_are_made_on_a_disk_without_locks_and_a_full_one_keeps_nothing(tmp_path, monkeypatch):
    def refuse(*given):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(keys.fcntl, "flock", refuse)
    assert keys.signing_key(folder=tmp_path / "own")[2] == "ed25519"
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No locks"):
        keys.signing_key(folder=tmp_path / "full")
    assert [path.name for path in (tmp_path / "full").iterdir()] == [".lock"]


def test_keys_are_made_once_and_are_their_owners_alone(tmp_path):
    first = keys.signing_key(folder=tmp_path / "keys")
    key = tmp_path / "keys" / keys.KEY
    assert keys.signing_key(folder=tmp_path / "keys") == first and key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(InputError, match=r"others may read this private key \(mode 0640\); run: chmod 600"):
        keys.signing_key(folder=tmp_path / "keys")
    key.chmod(0o600)
    keys.signing_key(folder=tmp_path / "others")
    with pytest.raises(InputError, match="does not belong to the first certificate"):
        keys.signing_key(tmp_path / "others" / keys.CHAIN, key)


def test_the_command_needs_no_snakemake_and_its_status_tells(signed, tmp_path):
    command = [sys.executable, ROOT / "workflow_scripts/verify.py"]
    for files, status in ((["signed.mp4"], 0), (["signed.mp4", "plain.mp4"], 1), (["nothing.mp4", "."], 3)):
        paths = [signed / file for file in files]
        ended = subprocess.run([*command, *paths], cwd=tmp_path, capture_output=True, text=True)
        lines = [line for line in ended.stdout.splitlines() if not line.startswith("  ")]
        assert (ended.returncode, len(lines)) == (status, len(files)), ended.stderr
        unsought = ended.stdout.count("  the invisible mark was not looked for")
        assert unsought == (0 if status == 3 else len(files))
    assert subprocess.run(command, capture_output=True).returncode == 3  # no file named: not "broken"
    hostile = tmp_path / "a\nb\x1b[2J.mp4"
    hostile.write_bytes((signed / "plain.mp4").read_bytes())
    ended = subprocess.run([*command, hostile], cwd=tmp_path, capture_output=True, text=True)
    assert ended.stdout.startswith(r"a\nb\x1b[2J.mp4: no statement") and ended.returncode == 1
    assert "nothing.mp4: no such file" in lines[0] and "a folder; name a video" in lines[1]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/mark.key").write_bytes(bytes(32))
    (tmp_path / "secrets/mark.key").chmod(0o644)
    for more, words in (
        ([], "others may read the secret key"),
        (["--trust", "no.pem"], "no.pem: cannot be read (No such file"),
    ):
        ended = subprocess.run(
            [*command, *more, signed / "signed.mp4"], cwd=tmp_path, capture_output=True, text=True
        )
        assert ended.returncode == 3 and words in ended.stderr and ended.stderr.count("\n") == 1
        (tmp_path / "secrets/mark.key").chmod(0o600)


def test_elsewhere_the_words_say_that_neither_signer_nor_mark_can_be_known(signed):
    def refuse(path):
        raise InputError("detector.safetensors: cannot be read; train it again")

    told = examine(signed / "signed.mp4", detector=refuse)
    verdict, mark, opinion = lines_of(told)
    assert told["status"] == STATED and "nobody who is known here (signer untrusted)" in verdict
    assert "not looked for, though the statement names 5eed1234: this folder has no key" in mark
    assert "none (detector.safetensors: cannot be read" in opinion
    told = examine(signed / "signed.mp4", mark_key=bytes(32))
    assert "no mark of this folder's key was found, though the statement names 5eed1234" in lines_of(told)[1]
