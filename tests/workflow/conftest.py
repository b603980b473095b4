"""The workflow with its scripts swapped for one that only writes its parameters: real DAG, no training."""

import json
import shutil

import pytest

from running import ROOT, run_snakemake

STAND_IN = """
import json
from pathlib import Path

for file in snakemake.output:
    Path(file).write_text(json.dumps(dict(snakemake.params.items())))
"""


@pytest.fixture
def workflow(tmp_path):
    """A callable: workflow(*arguments) runs snakemake on the stand-in workflow; .directory is its place."""
    root, directory = tmp_path / "workflow", tmp_path / "work"
    for name in ("Snakefile", "config.yaml"):
        root.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("rules", "schemas", "workflow_scripts", "envs", "profiles"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (root / "workflow_scripts").glob("*.py"):
        script.write_text(STAND_IN)
    (directory / "data").mkdir(parents=True)
    for name in ("alice", "brunomars", "carol", "alice_as_brunomars.truth"):
        (directory / "data" / f"{name}.mp4").write_text("a clip")

    def call(*arguments):
        return run_snakemake(directory, *arguments, root=root)

    def settings(model):
        """The training settings that a model of the stand-in workflow was made with."""
        return json.loads((directory / model / "settings.json").read_text())["settings"]

    call.directory, call.root, call.settings = directory, root, settings
    return call
