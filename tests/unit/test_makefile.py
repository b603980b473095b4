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
# a Python 3.13: of no use for the workflow, but it makes environments, and its pip installs `uv.stand-in`
NEWER = """#!/bin/bash
[ "$1" != -c ] || exit 1
echo "$(basename "$0") ${*//$TMPDIR\\/*/TMP}" >> calls
if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
if [ "$2" = pip ]; then cp uv.stand-in "$(dirname "$0")/uv"; fi
"""
# finds the Python 3.12 that lies in `found`
UV = """#!/bin/bash
echo "uv $*" >> calls
[ -e found ] || { echo "error: no interpreter, and no network" >&2; exit 2; }
mkdir -p "${!#}/bin" && cp found "${!#}/bin/python"
"""
TOOLS = ("make", "bash", "basename", "cp", "dirname", "mkdir", "mktemp", "rm", "touch", "true")


class Checkout:
    """A copy of the Makefile and of what it reads, where every Python is unusable until `add_program`."""

    def __init__(self, folder):
        self.folder = folder
        for made in ("bin", "tmp"):
            (folder / made).mkdir()
        for name in ("Makefile", "requirements.txt", "requirements-pose.txt", "constraints.txt"):
            shutil.copy(ROOT / name, folder)
        for name in TOOLS:
            (folder / "bin" / name).symlink_to(shutil.which(name))
        for name in PYTHONS:
            self.add_program(name, UNUSABLE)

    def add_program(self, name, program=STAND_IN):
        path = self.folder / "bin" / name
        path.write_text(program)
        path.chmod(0o755)

    def make(self, target, **environment):
        """Run `make TARGET`, with nothing else on the PATH; returns status, steps, and lines of stderr."""
        calls = self.folder / "calls"
        calls.write_text("")
        # a make that runs these tests must not speak to the one under test
        clean = {
            name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "CXX"}
        }
        own = {"PATH": str(self.folder / "bin"), "TMPDIR": str(self.folder / "tmp"), "CXX": "true"}
        done = subprocess.run(
            ["make", target],
            cwd=self.folder,
            env=clean | own | environment,
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
        checkout.add_program(later)
    status, calls, _ = checkout.make("env")
    assert status == 0
    assert calls[0] == f"{name} -m venv .venv"
    assert [call.split(" ")[-1] for call in calls[1:]] == [
        "pip<26",
        "requirements.txt",
        "requirements-pose.txt",
    ]
    assert all("--constraint constraints.txt" in call for call in calls[1:])


def test_what_a_shell_says_of_other_packages_does_not_count(checkout):
    """As ROS and a company's pip.conf do."""
    told = 'echo "<${PYTHONPATH-}${PYTHONHOME-}${PIP_TARGET-}${PIP_PREFIX-}> $PIP_USER" >> calls\n'
    unset = '[ -z "${PYTHONPATH-}${PYTHONHOME-}" ] || exit 1\n'
    checkout.add_program("python3", STAND_IN.replace("\n", f"\n{unset}", 1) + told)
    elsewhere = dict.fromkeys(("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX"), "/elsewhere")
    status, calls, _ = checkout.make("env", PIP_USER="1", **elsewhere)
    assert status == 0 and [call for call in calls if call.startswith("<")] == ["<> 0"] * 4


def test_no_usable_python_is_one_line(checkout):
    status, calls, errors = checkout.make("env")
    assert status != 0
    assert calls == []
    assert errors[0].startswith("error: needs Python 3.11 or 3.12 with venv; install")
    assert [line for line in errors[1:] if not line.startswith("make")] == []


def check_taken_from_uv(checkout, before):
    """The steps are those of `before`, then uv's, then the installation, and nothing is left over."""
    status, calls, errors = checkout.make("env")
    assert (status, errors) == (0, [])
    assert calls[: len(before)] == before
    assert calls[len(before)] == "uv venv --quiet --seed --python >=3.11,<3.13 .venv"
    assert [call.split(" ")[:4] for call in calls[len(before) + 1 :]] == [
        ["python", "-m", "pip", "install"]
    ] * 3
    assert (checkout.folder / ".venv/bin/python").read_text() == STAND_IN
    assert list((checkout.folder / "tmp").iterdir()) == []


def test_only_a_newer_python_and_uv_on_the_path(checkout):
    checkout.add_program("python3", NEWER)
    checkout.add_program("uv", UV)
    checkout.add_program("../found")
    check_taken_from_uv(checkout, [])


def test_only_a_newer_python_and_no_uv(checkout):
    checkout.add_program("python3", NEWER)
    checkout.add_program("../uv.stand-in", UV)
    checkout.add_program("../found")
    made = "python3 -m venv TMP"
    installed = "python -m pip install --quiet --disable-pip-version-check uv"
    check_taken_from_uv(checkout, [made, installed])


def test_uv_that_finds_no_python_is_told_with_the_remedy(checkout):
    checkout.add_program("python3", NEWER)
    checkout.add_program("uv", UV)
    status, calls, errors = checkout.make("env")
    assert status != 0
    assert len(calls) == 1
    assert errors[0] == "error: no interpreter, and no network"
    assert errors[1].startswith("error: needs Python 3.11 or 3.12 with venv; install one")


def test_no_compiler_is_one_line_before_anything_is_installed(checkout):
    checkout.add_program("python3")
    status, calls, errors = checkout.make("env", CXX="no-such-compiler")
    assert status != 0
    assert calls == []
    assert errors[0].startswith("error: needs a C++ compiler")


def test_environment_is_built_once(checkout):
    checkout.add_program("python3")
    checkout.make("env")
    assert checkout.make("env")[:2] == (0, [])


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-pose.txt", "constraints.txt"])
def test_changed_pins_rebuild_from_nothing(checkout, name):
    checkout.add_program("python3")
    checkout.make("env")
    leftover = checkout.folder / ".venv" / "leftover"
    leftover.touch()
    built = (checkout.folder / ".venv" / ".complete").stat().st_mtime
    os.utime(checkout.folder / name, (built + 1, built + 1))
    _, calls, _ = checkout.make("env")
    assert len(calls) == 4
    assert not leftover.exists()


def test_half_built_environment_does_not_count(checkout):
    checkout.add_program("python3")
    (checkout.folder / "pip_fails").touch()
    assert checkout.make("env")[0] != 0
    (checkout.folder / "pip_fails").unlink()
    status, calls, _ = checkout.make("env")
    assert status == 0
    assert len(calls) == 4
