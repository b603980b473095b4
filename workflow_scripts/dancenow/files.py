"""Files appear whole or not at all."""

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_path(path):
    """Yield a temporary path beside `path`; move it there on success, remove it on any failure.

    The temporary name ends like the final one, because ffmpeg and others go by the suffix.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".partial-", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(name)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path, value):
    """Write `value` as indented JSON with a final newline; NaN and infinity are refused."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    with atomic_path(path) as partial:
        partial.write_text(text)


def read_json(path):
    """The value in the JSON file `path`."""
    return json.loads(Path(path).read_text())
