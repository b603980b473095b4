"""`make env` with a stand-in for Python: which one it takes, and when an environment counts as built."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("python3", "python3.12", "python3.11")
# does what `make env` asks of a Python, writes down that it was asked, and fails at pip when told to
STAND_IN = """#!/bin/bash
[ "$1" != -c ] || exit 0
echo "$(basename "$0") $*" >> calls
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
if [ "$2" = pip ] && [ -e pip_fails ]; then exit 1; fi
"""
UNUSABLE = "#!/bin/bash\necho 'no such version is installed' >&2\nexit 127\n"


class Checkout:
    """A copy of the Makefile and of what it reads, where every Python is unusable until `add_python`."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        for name in ("Makefile", "requirements.txt", "requirements-pose.txt", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        for name in PYTHONS:
            self.add_python(name, UNUSABLE)

    def add_python(self, name, program=STAND_IN):
        path = self.folder / "bin" / name
        path.write_text(program)
        path.chmod(0o755)

    def make(self, target, **environment):
        """Run `make TARGET`; returns its status, the steps it took, and the lines of its standard error."""
        calls = self.folder / "calls"
        calls.write_text("")
        # a make that runs these tests must not speak to the one under test
        clean = {
            name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "CXX"}
        }
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(
            ["make", target],
            cwd=self.folder,
            env=clean | {"PATH": path, "CXX": "true"} | environment,
            capture_output=True,
            text=True,
        )
        return done.returncode, calls.read_text().splitlines(), done.stderr.splitlines()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.mark.parametrize("name", PYTHONS)
def test_first_python_that_works_makes_the_environment(checkout, name):
    for later in PYTHONS[PYTHONS.index(name) :]:
        checkout.add_python(later)
    status, calls, _ = checkout.make("env")
    assert status == 0
    assert calls[0] == f"{name} -m venv .venv"
    assert [call.split("--requirement ")[1] for call in calls[1:]] == [
        "requirements.txt",
        "requirements-pose.txt",
    ]
    assert all("--constraint constraints.txt" in call for call in calls[1:])


def test_no_usable_python_is_one_line(checkout):
    status, calls, errors = checkout.make("env")
    assert status != 0
    assert calls == []
    assert errors[0].startswith("error: needs Python 3.11 or 3.12")
    assert [line for line in errors[1:] if not line.startswith("make")] == []


def test_no_compiler_is_one_line_before_anything_is_installed(checkout):
    checkout.add_python("python3")
    status, calls, errors = checkout.make("env", CXX="no-such-compiler")
    assert status != 0
    assert calls == []
    assert errors[0].startswith("error: needs a C++ compiler")


def test_environment_is_built_once(checkout):
    checkout.add_python("python3")
    checkout.make("env")
    assert checkout.make("env")[:2] == (0, [])


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-pose.txt", "constraints.txt"])
def test_changed_pins_rebuild_from_nothing(checkout, name):
    checkout.add_python("python3")
    checkout.make("env")
    leftover = checkout.folder / ".venv" / "leftover"
    leftover.touch()
    built = (checkout.folder / ".venv" / ".complete").stat().st_mtime
    os.utime(checkout.folder / name, (built + 1, built + 1))
    _, calls, _ = checkout.make("env")
    assert len(calls) == 3
    assert not leftover.exists()


def test_half_built_environment_does_not_count(checkout):
    checkout.add_python("python3")
    (checkout.folder / "pip_fails").touch()
    assert checkout.make("env")[0] != 0
    (checkout.folder / "pip_fails").unlink()
    status, calls, _ = checkout.make("env")
    assert status == 0
    assert len(calls) == 3
