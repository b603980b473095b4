"""The workflow with its scripts swapped for one that only writes its parameters: real DAG, no training."""

import json
import shutil
import textwrap
from pathlib import Path

from running import ROOT, fork_snakemake

STAND_IN = """
import json
from pathlib import Path

for file in snakemake.output:
    # frames are the largest of all results
    width = 1_100_000 if file.endswith(".avi") else 0
    Path(file).write_text(json.dumps(dict(snakemake.params.items())).ljust(width))

# for its imports
if False:
"""


# what each test would find out anew in half a second; it goes by what files hold
KNOWN_CODE = Path(".snakemake/code.json")
kept = {}


def make_workflow(folder):
    """The stand-in workflow and its directory, in `folder`, as a callable: see fixture `workflow`."""
    root, directory = folder / "workflow", folder / "work"
    for name in ("Snakefile", "config.yaml"):
        root.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("rules", "schemas", "workflow_scripts", "envs", "profiles"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for script in (root / "workflow_scripts").glob("*.py"):
        script.write_text(STAND_IN + textwrap.indent(script.read_text(), "    "))
    (directory / "data").mkdir(parents=True)
    for name in ("alice", "brunomars", "carol", "alice_as_brunomars.truth"):
        (directory / "data" / f"{name}.mp4").write_text("a clip")
    return calling(root, directory)


def calling(root, directory):
    """What fixture `workflow` gives, for the workflow in `root` and the working directory `directory`."""

    def call(*arguments):
        known = directory / KNOWN_CODE
        if kept and not known.exists():
            known.parent.mkdir(parents=True, exist_ok=True)
            known.write_bytes(kept[KNOWN_CODE])
        completed = fork_snakemake(directory, *arguments, root=root)
        if known.exists():
            kept[KNOWN_CODE] = known.read_bytes()
        return completed

    def settings(model):
        """The training settings that a model of the stand-in workflow was made with."""
        return json.loads((directory / model / "settings.json").read_text())["settings"]

    call.directory, call.root, call.settings = directory, root, settings
    return call
