"""tests/slurm/run.sh where it may not install what it needs."""

import os
import subprocess

from running import ROOT


def test_without_slurm_and_without_root_one_line_says_what_to_install(tmp_path):
    for name, does in {"id": "echo 1000", "dpkg-query": "exit 1", "apt-get": "echo called >&2"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "tests/slurm/run.sh"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert "apt-get install --no-install-recommends slurmctld slurmd slurm-client munge" in line
