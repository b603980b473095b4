"""How many steps each training of a target does in the same time, from short trainings of all of them.

    python benchmarks/equal_steps.py results/models alice 105 > steps.yaml

Reads training.json and settings.json in results/models/alice and every alice.{variant} beside it, and writes
what to pass as a further --configfile, so that each takes 105 seconds where those were trained.
"""

import argparse
import json
import sys
from pathlib import Path

import yaml


def steps_in(folder, seconds, start):
    """Steps that the training in `folder` would do in `seconds`."""
    spent = json.loads((folder / "training.json").read_text())["seconds"]
    steps = json.loads((folder / "settings.json").read_text())["steps"]
    return round(steps * (seconds - start) / (spent - start))


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("models", type=Path)
    parser.add_argument("target")
    parser.add_argument("seconds", type=float)
    parser.add_argument("--start", type=float, default=8, help="seconds that do not grow with the steps")
    given = parser.parse_args()
    # a variant with a base has no generator of its own, and no such file
    told = sorted(given.models.glob(f"{given.target}.*/training.json"))
    own, *others = (
        {"train": {"steps": steps_in(folder, given.seconds, given.start)}}
        for folder in [given.models / given.target, *(path.parent for path in told)]
    )
    names = [path.parent.name.removeprefix(f"{given.target}.") for path in told]
    overlay = own | {"variants": dict(zip(names, others, strict=True))}
    yaml.safe_dump(overlay, sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main()
