"""Keys that are damaged or that others may read, and consents that do not do; the library refuses each."""

import os
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from dancenow.planning.consent import check_consent
from dancenow.provenance import keys
from dancenow.provenance.mark import load_key

GIVEN = {"who": "Anna A.", "when": "2026-03-01", "use": "publish"}
NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


def made(folder, name=".provenance"):
    keys.signing_key(folder=folder / name)
    return folder / name


def shared_key(folder):
    own = made(folder)
    (own / keys.KEY).chmod(0o640)
    keys.signing_key(folder=own)


def damaged_key(folder):
    own = made(folder)
    (own / keys.KEY).write_bytes((own / keys.KEY).read_bytes()[:60])
    keys.signing_key(folder=own)


def damaged_certificate(folder):
    own = made(folder)
    (folder / "mine.pem").write_bytes((own / keys.CHAIN).read_bytes()[:200])
    keys.signing_key(folder / "mine.pem", own / keys.KEY)


def lost_key(folder):
    own = made(folder)
    (own / keys.KEY).unlink()
    keys.signing_key(folder=own)


def cut_off_chain(folder):
    own = made(folder)
    (own / keys.CHAIN).write_bytes((own / keys.CHAIN).read_bytes()[:-100])
    keys.signing_key(folder=own)


def expired_certificate(folder):
    with patch.object(keys, "LIFETIME", timedelta(minutes=-5)):
        made(folder)


def damaged_authority(folder):
    own = made(folder)
    (own / keys.AUTHORITY).write_bytes((own / keys.AUTHORITY).read_bytes()[:100])
    keys.authority(own)


def another_key(folder):
    keys.signing_key(made(folder) / keys.CHAIN, made(folder, "others") / keys.KEY)


def mark_key(folder, held, mode):
    path = folder / "secrets/mark.key"
    path.parent.mkdir()
    path.write_bytes(held)
    path.chmod(mode)
    load_key(path)


def shared_mark_key(folder):
    mark_key(folder, bytes(32), 0o644)


def damaged_mark_key(folder):
    mark_key(folder, b"short", 0o600)


def no_mark_key(folder):
    path = folder / "secrets/mark.key"
    path.mkdir(parents=True)
    load_key(path)


def key_from_a_pipe(folder):
    os.mkfifo(folder / "pipe.pem", 0o600)
    keys.signing_key(made(folder) / keys.CHAIN, folder / "pipe.pem")


def consent(**changes):
    """A maker that asks whether anna's consent, with these changes, covers a publication."""

    def ask(folder):
        subjects = {"anna": {"consent": GIVEN | changes}}
        check_consent(subjects, ["anna"], {"require_consent": False, "use": "publish"}, NOW)

    return ask


def no_consent(folder):
    check_consent({"anna": {}}, ["anna"], {"require_consent": True, "use": "private"}, NOW)
