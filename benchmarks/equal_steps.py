"""How many steps each training of a target would take for the same time, from short trainings of all of them.

    python benchmarks/equal_steps.py results/models alice 120 > steps.yaml

Reads training.json and settings.json of results/models/alice and of every alice.{variant} beside it, and writes a
--configfile that gives each as many steps as it would do in 120 seconds.
"""

import json
import sys
from pathlib import Path

import yaml


def steps_in(folder, seconds):
    """Steps of the training in `folder` that fit into `seconds`."""
    spent = json.loads((folder / "training.json").read_text())["seconds"]
    return round(seconds * json.loads((folder / "settings.json").read_text())["steps"] / spent)


def main():
    models, target, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    variants = {
        folder.name.removeprefix(f"{target}."): {"train": {"steps": steps_in(folder, seconds)}}
        for folder in sorted(models.glob(f"{target}.*"))
    }
    steps = {"train": {"steps": steps_in(models / target, seconds)}, "variants": variants}
    yaml.safe_dump(steps, sys.stdout, sort_keys=False)


main()
