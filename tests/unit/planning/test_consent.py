"""Whose consent covers what, and on which day."""

import os
import runpy
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from dancenow.errors import InputError
from dancenow.planning.consent import NOT_RECORDED, check_consent, consent_record
from running import ROOT

GIVEN = {"who": "Ana", "when": "2026-01-02", "use": "research", "until": "2026-03-04"}


def date(*day):
    return datetime(*day, 12, tzinfo=UTC)


def check(consent, day, use="private", required=False):
    subjects = {"ana": {"consent": consent} if consent else {}}
    return check_consent(subjects, ["ana", "ana"], {"require_consent": required, "use": use}, day)


def test_a_consent_counts_on_its_days_and_for_what_it_names():
    last = datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC)
    first = datetime(2026, 1, 1, 10, tzinfo=UTC)  # the second of January has begun on the Line Islands
    for day in (first, date(2026, 1, 2), date(2026, 3, 4), last):
        assert check(GIVEN, day, "private") == check(GIVEN, day, "research", True) == []


@pytest.mark.parametrize(
    "consent, day, use, required, words",
    [
        (GIVEN, date(2026, 3, 5), "private", False, "subjects.ana.consent: expired on 2026-03-04"),
        (GIVEN, datetime(2026, 3, 5, 0, 0, tzinfo=UTC), "private", False, "expired on 2026-03-04"),
        (GIVEN, datetime(2026, 1, 1, 9, 59, tzinfo=UTC), "private", False, "clock says 2026-01-01"),
        (GIVEN, date(2026, 2, 1), "publish", False, "given for research, and provenance.use is publish"),
        (None, date(2026, 2, 1), "private", True, NOT_RECORDED),
        (GIVEN | {"until": "2026-02-30"}, date(2026, 2, 1), "private", False, "until: 2026-02-30 is no day"),
    ],
)
def test_what_it_does_not_cover_is_refused_by_name(consent, day, use, required, words):
    with pytest.raises(InputError, match=words):
        check(consent, day, use, required)


def test_without_one_the_log_says_so():
    assert check(None, date(2026, 2, 1)) == [f"ana: {NOT_RECORDED}"]


def test_a_record_holds_the_hash_of_its_proof_and_no_name(tmp_path):
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"one")
    subject = {"consent": GIVEN | {"file": str(proof)}}
    first = consent_record(subject, "ana")
    assert "Ana" not in str(first) and first["use"] == "research"
    proof.write_bytes(b"two")
    assert consent_record(subject, "ana")["record"] != first["record"]
    proof.unlink()
    for make, words in (
        (os.mkfifo, "a pipe or a device"),
        (os.mkdir, "Is a directory"),
        (None, "No such file"),
    ):
        if make:
            make(proof)
        with pytest.raises(InputError, match=f"{words}.*subjects.ana.consent.file"):
            consent_record(subject, "ana")
        if make:
            proof.rmdir() if proof.is_dir() else proof.unlink()
    assert consent_record({}, "ana") == NOT_RECORDED


@pytest.mark.parametrize(
    "script",
    ["train_stage", "synthesize_frames", "synthesize_chunk", "reconstruct_heldout", "preview_transfer"],
)
def test_each_job_looks_at_its_own_start_whether_the_consent_still_holds(script, tmp_path, monkeypatch):
    """A run may take days, and a job may begin again: a consent that ended meanwhile stops the next job."""
    monkeypatch.setenv("TZ", "Pacific/Honolulu")
    proof = tmp_path / "proof.pdf"
    proof.write_bytes(b"signed")
    given = GIVEN | {"file": str(proof), "until": "9999-12-31"}
    config = {
        "subjects": {"ana": {"consent": given}, "ben": {}},
        "provenance": {"require_consent": False, "use": "private"},
    }
    log = tmp_path / "log"
    snakemake = SimpleNamespace(
        config=config,
        log=[str(log)],
        threads=1,
        input={},
        wildcards=SimpleNamespace(target="ana", source="ben"),
    )

    def told():
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(str(ROOT / f"workflow_scripts/{script}.py"), {"snakemake": snakemake})
        assert ended.value.code == 1
        return log.read_text()

    assert "config: subjects.ana" not in told()  # of what else the job needs, this test has nothing
    given["until"] = "2026-03-04"
    assert told().splitlines() == [
        "error: config: subjects.ana.consent: expired on 2026-03-04; ask Ana again, or leave ana out"
    ]
    given["until"] = "9999-12-31"
    proof.unlink()
    assert "proof.pdf: cannot be read (No such file or directory)" in told()
