"""Recorded consent: whether it covers the requested use on a given day."""

import datetime
import hashlib
import json
import logging
from collections.abc import Iterable

from dancenow.errors import InputError
from dancenow.files import open_regular

# each use includes those before it
USES = ("private", "research", "publish")
NOT_RECORDED = "consent not recorded"
EASTERNMOST = datetime.timedelta(hours=14)  # the time zone in which a day begins first, before UTC

log = logging.getLogger(__name__)


def tell_consent(config: dict, names: Iterable[str]) -> None:
    """check_consent of the configuration for now, with its lines in the log, and that each proof is there."""
    names = list(names)
    now = datetime.datetime.now(datetime.UTC)
    for line in check_consent(config["subjects"], names, config["provenance"], now):
        log.info("%s", line)
    for name in names:
        consent_record(config["subjects"][name], name)


def check_consent(
    subjects: dict, names: Iterable[str], provenance: dict, now: datetime.datetime
) -> list[str]:
    """InputError without a valid consent of `names`; returns a log line for each without a record.

    subjects: {name: its configuration}; provenance: the configuration's block; now: a time in UTC.
    A consent is valid from the day `when`, as soon as it has begun anywhere on Earth, to the end of the day
    `until` in UTC. What was made while it was valid is not made again later. InputError names the subject
    whose consent is not valid.
    """
    today, latest = now.date().isoformat(), (now + EASTERNMOST).date().isoformat()
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
        if "until" in consent and today > consent["until"]:
            raise InputError(
                f"{place}: expired on {consent['until']}; ask {consent['who']} again, or leave {name} out"
            )
        if latest < consent["when"]:
            raise InputError(
                f"{place}: given on {consent['when']}, but this machine's clock says {today}; "
                "correct the date, or set the clock"
            )
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
    record; InputError if it cannot be read.
    """
    consent = subject.get("consent")
    if consent is None:
        return NOT_RECORDED
    record = dict(consent)
    if "file" in consent:
        try:
            with open_regular(consent["file"]) as file:
                record["file"] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(
                f"{consent['file']}: cannot be read ({error.strerror}); put it there or correct config: "
                f"subjects.{name}.consent.file"
            ) from error
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    return {"record": digest, "use": consent["use"], "until": consent.get("until", "without end")}
