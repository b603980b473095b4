"""Recorded consent: whether it covers the requested use on a given day."""

import datetime
import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path

from dancenow.errors import InputError

# each use includes those before it
USES = ("private", "research", "publish")
NOT_RECORDED = "consent not recorded"

log = logging.getLogger(__name__)


def tell_consent(config: dict, names: Iterable[str]) -> None:
    """check_consent of the configuration for today, with its lines in the log."""
    today = datetime.datetime.now(datetime.UTC).date()
    for line in check_consent(config["subjects"], names, config["provenance"], today):
        log.info("%s", line)


def check_consent(subjects: dict, names: Iterable[str], provenance: dict, today: datetime.date) -> list[str]:
    """InputError without a valid consent of `names`; returns a log line for each without a record.

    subjects: {name: its configuration}; provenance: the configuration's block; today: a datetime.date in UTC.
    A consent is valid from the day `when` to the end of the day `until`. What was made while it was valid
    is not made again later. InputError names the subject whose consent is not valid.
    """
    lines = []
    for name in dict.fromkeys(names):
        consent = subjects[name].get("consent")
        place = f"config: subjects.{name}.consent"
        if consent is None:
            if provenance["require_consent"]:
                raise InputError(
                    f"{place}: {NOT_RECORDED}, and provenance.require_consent asks for it; "
                    "add who, when and use"
                )
            lines.append(f"{name}: {NOT_RECORDED}")
            continue
        for key in ("when", "until"):
            _check_day(consent.get(key, consent["when"]), f"{place}.{key}")
        # dates as ISO 8601 text compare as dates do
        if "until" in consent and today.isoformat() > consent["until"]:
            raise InputError(
                f"{place}: expired on {consent['until']}; ask {consent['who']} again, or leave {name} out"
            )
        if today.isoformat() < consent["when"]:
            raise InputError(f"{place}: given on {consent['when']}, which is in the future; correct the date")
        if USES.index(consent["use"]) < USES.index(provenance["use"]):
            raise InputError(
                f"{place}: given for {consent['use']}, and provenance.use is {provenance['use']}; "
                "ask for a wider consent, or set a narrower provenance.use"
            )
    return lines


def _check_day(day: str, place: str) -> None:
    """Refuse text that the schema lets pass and that is no day, such as the 30th of February."""
    try:
        datetime.date.fromisoformat(day)
    except ValueError as error:
        raise InputError(f"{place}: {day} is no day of the calendar; correct it") from error


def consent_record(subject: dict, name: str) -> str | dict:
    """The manifest's statement about a subject's consent: NOT_RECORDED, or the record's SHA-256, `use`,
    `until`.

    The record itself, which contains a name, is not included. A file that proves it is hashed into the
    record.
    """
    consent = subject.get("consent")
    if consent is None:
        return NOT_RECORDED
    record = dict(consent)
    if "file" in consent:
        try:
            record["file"] = hashlib.sha256(Path(consent["file"]).read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(
                f"{consent['file']}: cannot be read ({error.strerror}); put it there or correct config: "
                f"subjects.{name}.consent.file"
            ) from error
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    return {"record": digest, "use": consent["use"], "until": consent.get("until", "without end")}
