"""Files that somebody built to break, to delay or to blind the verifier, and clips that C2PA cannot read."""

import json
import logging
import os
import struct

import c2pa
import cv2
import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.provenance import keys, verdict
from dancenow.provenance.manifest import INPUTS, MAX_KEPT, MP4, OFFLINE, inputs_of, sign
from dancenow.provenance.mark import Mark
from dancenow.provenance.verdict import BROKEN, MAX_MANIFEST, SILENT, STATED, UNREADABLE, examine, lines_of
from dancenow.provenance.xmp import C2PA_BOX, GENERATED, MAX_BOXES, MAX_XMP, TYPES, XMP_BOX
from dancenow.video.media import encode
from signed_films import box, content, film, sign_films

KEY, PAYLOAD = bytes(range(32)), 0xC0FFEE42
PREFIX = bytes(4) + b"manifest\0" + bytes(8)  # of a C2PA box: version, purpose, place of a Merkle tree
NESTED_XMP = b"<a>" * 100_000 + b"</a>" * 100_000
LEVEL = box(b"jumd", bytes.fromhex("6332706100110010800000aa00389b71") + b"\3c2pa\0")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A folder with the files of signed_films.sign_films."""
    folder = tmp_path_factory.mktemp("films")
    sign_films(folder)
    return folder


def nested(kind, depth, inside=b""):
    held = b""
    for _ in range(depth):
        held = box(kind, inside + held)
    return held


def manifest(held):
    return box(b"uuid", C2PA_BOX + PREFIX + held)


def xmp(held):
    return box(b"uuid", XMP_BOX + held)


HUGE = struct.pack(">I4sQ", 1, b"mdat", 1 << 62)
HOSTILE = {  # name: (from the plain and the signed film's bytes to a hostile file's, status, words)
    "empty": (lambda plain, signed: b"", UNREADABLE, "the file is empty"),
    "a byte": (lambda plain, signed: b"\0", UNREADABLE, "not a video"),
    "random bytes": (lambda plain, signed: np.random.default_rng(0).bytes(9999), UNREADABLE, "not a video"),
    "a picture": (lambda plain, signed: b"\x89PNG\r\n\x1a\n" + bytes(99), UNREADABLE, "not a video"),
    "a list": (
        lambda plain, signed: b"ffconcat version 1.0\nfile /etc/passwd\n",
        UNREADABLE,
        "not supported",
    ),
    "cut off": (lambda plain, signed: plain[: plain.index(b"mdat") + 4], UNREADABLE, ""),
    "cut off, signed": (lambda plain, signed: signed[:-50], BROKEN, "signature broken"),
    "a large box": (
        lambda plain, signed: plain[:32] + box(b"moov", b"", 0xFFFFFFF0),
        UNREADABLE,
        "",
    ),
    "deep boxes": (lambda plain, signed: plain[:32] + nested(b"moov", 9000), UNREADABLE, "not a video"),
    "a large end": (lambda plain, signed: plain + HUGE, SILENT, "no statement of origin"),
    "many ends": (lambda plain, signed: plain + box(b"free", b"") * (MAX_BOXES + 9), SILENT, "no statement"),
    "a large manifest": (
        lambda plain, signed: plain + manifest(bytes(MAX_MANIFEST)),
        BROKEN,
        f"cannot be checked: its manifest has {MAX_MANIFEST + 21} bytes, more than {MAX_MANIFEST}",
    ),
    "random manifest": (lambda plain, signed: plain + manifest(b"\7" * 5000), BROKEN, "invalid JUMBF"),
    "empty manifest": (lambda plain, signed: plain + box(b"uuid", C2PA_BOX + b"\0"), BROKEN, "broken"),
    "deep manifest": (lambda plain, signed: plain + manifest(nested(b"jumb", 9000, LEVEL)), BROKEN, "depth"),
    "two manifests": (lambda plain, signed: signed + manifest(b"\7" * 99), BROKEN, "more than one manifest"),
    "endless list": (
        lambda plain, signed: signed.replace(b"c2pa.created", b"\x9b" + b"\xff" * 11, 1),
        BROKEN,
        "signature broken",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_told_in_one_line_with_its_status(films, tmp_path, name):
    make, status, words = HOSTILE[name]
    path = tmp_path / "hostile.mp4"
    path.write_bytes(make(*((films / f"{film}.mp4").read_bytes() for film in ("plain", "signed"))))
    try:
        told = examine(path)
        found, line = told["status"], told["verdict"]
    except InputError as error:
        found, line = UNREADABLE, str(error)
    assert found == status and words in line and "hostile.mp4" in line and "\n" not in line


@pytest.mark.parametrize(
    "junk, words",
    [
        (HUGE, None),
        (xmp(b"\x9e\xff"), "not XML"),
        (xmp(b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>"), "defines entities"),
        (xmp(NESTED_XMP), None),
        (xmp(bytes(MAX_XMP + 1)), "more than 1048576"),
    ],
    ids=["box", "no XML", "entities", "nested", "large"],
)
def test_what_somebody_appends_hides_no_broken_signature(films, tmp_path, junk, words):
    path = tmp_path / "junk.mp4"
    path.write_bytes((films / "signed.mp4").read_bytes() + junk)
    told = examine(path, keys.authority(films / "keys"))
    assert (told["signature"], told["status"]) == ("broken", BROKEN)
    assert not words or any("XMP could not be read" in line and words in line for line in lines_of(told))


def test_what_somebody_appends_hides_no_mark(tmp_path):
    mark, draw = Mark(KEY, PAYLOAD, 512, 288), np.random.default_rng(0)
    wall = sum(
        cv2.resize(draw.normal(0, 0.6 * size**0.4, (288 // size, 512 // size, 3)), (512, 288))
        for size in (2, 4, 8, 16, 32)
    )
    wall = np.clip(wall + 120, 0, 255).astype(np.uint8)
    path = tmp_path / "copy.mp4"
    encode(path, [mark(wall)] * 4, 25, 512, 288)
    path.write_bytes(path.read_bytes() + xmp(b"\xff") + HUGE)
    told = examine(path, mark_key=KEY)
    assert told["status"] == SILENT and told["mark"]["payload"] == f"{PAYLOAD:08x}"
    assert (told["xmp"], len(lines_of(told))) == (None, 2) and "not XML" in told["xmp_unread"]


def test_a_sparse_file_is_read_no_longer_than_what_is_on_the_disk(films, tmp_path, monkeypatch):
    path, length = tmp_path / "sparse.mp4", 30 << 30
    path.write_bytes((films / "signed.mp4").read_bytes() + struct.pack(">I4sQ", 1, b"mdat", length))
    os.truncate(path, path.stat().st_size - 16 + length)
    monkeypatch.setattr(verdict, "PATIENCE", 3)
    assert "cannot be checked: its manifest takes more than 3 s" in examine(path)["verdict"]


def sign_elsewhere(folder, assertions=(), settings=None):
    """Another software's signed film of noise, in `folder`; settings: more of c2pa's."""
    plain, path = folder / "unsigned.mp4", folder / "elsewhere.mp4"
    frames = np.random.default_rng(0).integers(0, 256, (40, 48, 64, 3), np.uint8)
    encode(plain, iter(frames), "25/1", 64, 48)
    action = {"action": "c2pa.created", "digitalSourceType": TYPES + GENERATED}
    claim = {
        "claim_generator_info": [{"name": "another"}],
        "format": MP4,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}, *assertions],
    }
    chain, key, algorithm = keys.signing_key(folder=folder / "other_keys")
    with (
        c2pa.Context(c2pa.Settings.from_dict(OFFLINE | (settings or {}))) as context,
        c2pa.Builder(claim, context=context) as builder,
        c2pa.Signer.from_info(c2pa.C2paSignerInfo(algorithm.encode(), chain, key, None)) as by,
        open(plain, "rb") as unsigned,
        open(path, "w+b") as signed,
    ):
        builder.sign(by, MP4, unsigned, signed)
    return path


@pytest.mark.parametrize("held", ["text", [1, 2], {"mark": {"a": 1}}, {"mark": "5eed1234\nok"}], ids=str)
def test_our_assertion_may_hold_anything_in_a_file_of_somebody_elses(tmp_path, held):
    told = examine(sign_elsewhere(tmp_path, [{"label": INPUTS, "data": held}]))
    assert (told["signature"], told["status"]) == ("untrusted", STATED)
    assert f"as {GENERATED}" in told["verdict"] and "names" not in lines_of(told)[1]
    json.dumps(told)


def test_a_manifest_with_a_merkle_tree_is_one_manifest(tmp_path):
    path = sign_elsewhere(tmp_path, settings={"core": {"merkle_tree_chunk_size_in_kb": 1}})
    assert path.read_bytes().count(C2PA_BOX) > 2  # the tree's rows lie in boxes of the manifest's kind
    assert (examine(path)["signature"], examine(path)["status"]) == ("untrusted", STATED)


CLIPS = {  # name: from the signed film's bytes to a clip's that C2PA cannot read, though ffmpeg can
    "another container": lambda signed: b"\x1aE\xdf\xa3" + signed,
    "no ftyp": lambda signed: signed[32:],
    "damaged manifest": lambda signed: signed.replace(b"jumd", b"jumx"),
    "large manifest": lambda signed: signed + manifest(bytes(MAX_KEPT)),
}


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_that_c2pa_cannot_read_stops_no_signature(films, tmp_path, caplog, name):
    clip, path = tmp_path / "clip.mp4", film(tmp_path / "result.mp4", 120)
    clip.write_bytes(CLIPS[name]((films / "signed.mp4").read_bytes()))
    inputs, signer = inputs_of({}, {}, {}, "c0de" * 16), keys.signing_key(folder=films / "keys")
    with caplog.at_level(logging.INFO):
        sign(path, path.name, signer, False, {"target": [clip], "source": [films / "others.mp4"]}, inputs)
    told = examine(path, keys.authority(films / "keys"))
    assert (told["signature"], told["status"]) == ("valid", STATED)
    assert [each["role"] for each in told["manifest"]["inputs"]["clips"]] == ["target", "source"]
    assert b"others.mp4" in path.read_bytes()  # the other clip's manifest is kept
    assert any("clip.mp4" in line and "only its hash is stated" in line for line in caplog.messages)
    assert content(path, b"uuid", C2PA_BOX)[1] < MAX_KEPT
