"""Whose consent covers what, and on which day."""

from datetime import date

import pytest

from dancenow.errors import InputError
from dancenow.planning.consent import NOT_RECORDED, check_consent, consent_record

GIVEN = {"who": "Ana", "when": "2026-01-02", "use": "research", "until": "2026-03-04"}


def check(consent, day, use="private", required=False):
    subjects = {"ana": {"consent": consent} if consent else {}}
    return check_consent(subjects, ["ana", "ana"], {"require_consent": required, "use": use}, day)


def test_a_consent_counts_on_its_days_and_for_what_it_names():
    for day in (date(2026, 1, 2), date(2026, 3, 4)):
        assert check(GIVEN, day, "private") == check(GIVEN, day, "research", True) == []


@pytest.mark.parametrize(
    "consent, day, use, required, words",
    [
        (GIVEN, date(2026, 3, 5), "private", False, "subjects.ana.consent: expired on 2026-03-04"),
        (GIVEN, date(2026, 1, 1), "private", False, "in the future"),
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
    with pytest.raises(InputError, match="subjects.ana.consent.file"):
        consent_record(subject, "ana")
    assert consent_record({}, "ana") == NOT_RECORDED
