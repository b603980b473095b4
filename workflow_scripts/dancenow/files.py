"""Files appear whole or not at all."""

import errno
import fcntl
import hashlib
import io
import json
import logging
import os
import re
import stat
import tempfile
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from dancenow.errors import InputError
from dancenow.kinds import VALUE_KINDS, fits

log = logging.getLogger(__name__)

# No space: on the disk, in the user's quota, or under a limit on file size.
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

# In which two names are compared: with accents composed, then with spaces and other look-alikes made equal.
UNICODE_FORMS: tuple[Literal["NFC", "NFKC"], ...] = ("NFC", "NFKC")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there on success, remove it on any failure.

    The temporary name has the suffix of the final one, because ffmpeg and others go by it. What a killed
    process left of the same file is removed. InputError when the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".partial-{path.name}-", suffix=path.suffix)
    except OSError as error:
        raise _explained(path, error) from error
    try:
        # held until the move, and released when the process is killed; _remove_leftovers relies on it
        with suppress(OSError):  # a network disk may have no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(name)
        umask = os.umask(0)
        os.umask(umask)
        with suppress(PermissionError):  # FAT has no such modes
            os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise _explained(path, error) from error
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def bring_back_dates(folder: str | Path) -> None:
    """Set dates in the future to now, of all files in a folder and in those that it links to.

    Where the clock was set back, Snakemake would delete what is made from such files as older than them.
    Their order does not matter: content decides what runs again.
    """
    now = time.time()
    links = [path for path in Path(folder).glob("*") if path.is_symlink()]
    for place, _, names in (found for top in (folder, *links) for found in os.walk(top)):
        for path in (os.path.join(place, name) for name in names):
            with suppress(OSError):  # gone, or somebody else's
                if os.stat(path).st_mtime > now:
                    os.utime(path, (now, now))


def _remove_leftovers(path: Path) -> None:
    """Remove the temporary files for `path` whose process has ended."""
    temporary = re.compile(re.escape(f".partial-{path.name}-") + r"[a-z0-9_]{8}" + re.escape(path.suffix))
    for file in path.parent.iterdir():
        if temporary.fullmatch(file.name):
            with suppress(OSError), open(file, "rb") as held:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
                file.unlink()


def _explained(path: Path, error: OSError) -> Exception:
    """The error to raise: an InputError if there is no space for `path`, else the same error."""
    if error.errno not in FULL:
        return error
    return InputError(f"{path}: cannot be written ({error.strerror}); free space on its disk and run again")


def as_on_disk(path: str) -> str:
    """A path typed by a person, spelled as in the file system; unchanged if nothing is there.

    A leading ~ is the home folder. A letter with an accent is one character or two: macOS, editors and copies
    across machines differ in this, and to Linux the two spellings are different names. A Mac's recordings
    have narrow spaces in their names, which look like others.
    """
    if os.path.lexists(path):
        return path
    path = os.path.expanduser(path)
    found = Path(Path(path).anchor)
    for part in Path(path).parts[len(found.parts) :]:
        if not os.path.lexists(found / part):
            names = _names_in(found)
            for form in UNICODE_FORMS:
                wanted = unicodedata.normalize(form, part)
                if same := [name for name in names if unicodedata.normalize(form, name) == wanted]:
                    break
            else:
                return path
            part = same[0]
        found /= part
    return str(found)


def _names_in(folder: str | Path) -> list[str]:
    with suppress(OSError):
        return sorted(os.listdir(folder))
    return []


def open_regular(path: str | Path, most: int | None = None) -> io.BufferedReader:
    """Open a file that a user named, for reading bytes.

    OSError also for a folder, for a pipe or a device, which may never end, and for a file of more than `most`
    bytes.
    """
    try:
        facts = os.stat(path)
    except ValueError as error:  # a name with a zero byte
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from error
    if stat.S_ISDIR(facts.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(facts.st_mode):
        raise OSError(errno.EINVAL, "a pipe or a device, not a file", str(path))
    if most is not None and facts.st_size > most:
        raise OSError(errno.EINVAL, f"{facts.st_size} bytes are too many for it", str(path))
    return open(path, "rb")


def is_open_to_others(path: str | Path) -> bool:
    """Whether anybody but its owner may read or write a file, by its mode.

    On a disk without modes (FAT, a Windows folder under WSL), where every file is open and chmod does
    nothing, False, and the log says so.
    """
    if not stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        return False
    with suppress(OSError), tempfile.TemporaryFile(dir=Path(path).parent) as other:
        if os.fstat(other.fileno()).st_mode & 0o077:
            log.warning("%s: this disk keeps no permissions, so others may be able to read this key", path)
            return False
    return True


def read_through(path: str | Path) -> None:
    """Read a file to its end, to get any OSError.

    Archive readers mistake a disk error for bad content. After this, what they refuse really is bad.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            while file.read(2**20):
                pass
    except OSError as error:
        error.filename = error.filename or str(path)  # the error of a read does not name the file
        raise


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: str | Path, text: str) -> None:
    """Write a text as UTF-8, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with a final newline; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


class Content(dict):
    """An object of JSON in a file of the workflow's, at `path`; a missing key is an InputError."""

    path: str | Path = ""

    def __missing__(self, key: str) -> Any:
        raise _changed(self.path, f"has no {key!r}")


def _changed(path: str | Path, how: str) -> InputError:
    return InputError(
        f"{path}: {how}, so another version wrote it or somebody changed it; delete it to make it again"
    )


def parse_json(text: str, path: str | Path, known: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """The value in JSON that stands in the file `path`; its objects are Content.

    known: kinds of keys of this file, besides kinds.VALUE_KINDS. ValueError if it is none; InputError if a
    value is of another kind than its key's.
    """
    kinds = {**VALUE_KINDS, **known}

    def content(pairs: list) -> Content:
        made = Content(pairs)
        made.path = path
        for key, value in pairs:
            if key in kinds and not fits(value, kinds[key]):
                raise _changed(path, f"its {key!r} cannot be {json.dumps(value):.40}")
        return made

    return json.loads(text, object_pairs_hook=content)


def read_json(path: str | Path, kind: type = dict, known: Mapping[str, Any] = MappingProxyType({})) -> Any:
    """The value in the JSON file `path`, one of the workflow's own; its objects are Content.

    kind: dict or list of dicts; known: as of parse_json. InputError names a file that is damaged, or holds
    nothing or another kind of value, also below a key that has one, and a key that is missing when it is
    asked for.
    """
    try:
        value = parse_json(Path(path).read_text(encoding="utf-8"), path, known)
    except ValueError as error:
        raise InputError(f"{path}: damaged, not JSON ({error}); delete it to make it again") from error
    rows = value if isinstance(value, list) else [value]
    if not isinstance(value, kind) or not value or not all(isinstance(row, dict) and row for row in rows):
        held = "keys" if kind is dict else "list"
        raise InputError(f"{path}: damaged, it holds no {held}; delete it to make it again")
    return value
