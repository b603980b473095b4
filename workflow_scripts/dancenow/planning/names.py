"""Load configuration with names as written: YAML would convert 20240501, 007, no and 2024-05-01."""

import json
from pathlib import Path
from typing import Any

import yaml

# libyaml's, where PyYAML was built with it, takes a tenth of the time
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KEYS = {"subjects", "variants"}
LAST = {("base",), ("video",), ("poses",), ("checkpoint",), ("when",), ("until",)}
VALUES = {("batch", "targets"), ("batch", "sources"), ("train", "init_from"), ("comparison", "variants")}
TEXT, NULL, MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "merge"))


def is_name(path: tuple) -> bool:
    """Whether a name or a file stands at `path`, a tuple of keys; the items of a list share its path."""
    return path[-2:] in VALUES or path[-1:] in LAST


def load_names(path: str | Path) -> Any:
    """The configuration in a JSON or YAML file that Snakemake has read without complaint, names as text."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        return json.loads(text)
    except ValueError:
        loader = SafeLoader(text)
    root = loader.get_single_node()
    _keep(root, ())
    return loader.construct_document(root)


def _keep(node: yaml.Node, path: tuple) -> None:
    """Make text of the names in a node of YAML's syntax."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if path and path[-1] in KEYS and key.tag != MERGE:
                key.tag = TEXT
            _keep(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _keep(item, path)
    elif is_name(path) and node.tag != NULL:
        node.tag = TEXT
