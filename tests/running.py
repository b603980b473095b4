"""How every test calls the workflow: as a user does, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run_snakemake(directory, *arguments, root=ROOT, cores=2):
    """Run snakemake on `root`'s workflow in the working directory; returns the CompletedProcess, text."""
    command = [sys.executable, "-m", "snakemake", "-s", f"{root}/Snakefile", "--directory", str(directory)]
    # neither torch's cache nor a package index: no test may depend on weights that a machine happens to have
    environment = os.environ | {"TORCH_HOME": str(directory / "torch-home"), "NO_COLOR": "1"}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    return subprocess.run(
        [*command, "--cores", str(cores), *arguments],
        capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=600,
    )  # fmt: skip


def said(completed):
    """All that a user sees; a dry run speaks on another stream than a run."""
    return completed.stdout + completed.stderr


def planned_jobs(completed):
    """Rule name -> number of jobs, from a dry run's (or a run's) table."""
    assert completed.returncode == 0, said(completed)
    table = re.search(r"Job stats:\n.*?\n-.*?\n(.*?)\ntotal", said(completed), re.S)
    if not table:
        assert "Nothing to be done" in said(completed)
        return {}
    return {name: int(count) for name, count in (line.split() for line in table[1].splitlines())}
