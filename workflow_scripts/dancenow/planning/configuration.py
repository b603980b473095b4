"""Load configuration with names as written: YAML would convert 20240501, 007, no and 2024-05-01."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import yaml

from dancenow.errors import InputError

# libyaml's, where PyYAML was built with it, takes a tenth of the time
SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
NAMED_KEYS = {"subjects", "variants"}
TEXTS = ("base", "video", "poses", "checkpoint", "who", "when", "until", "file", "certificate", "key")
LAST = {(key,) for key in TEXTS}
VALUES = {("batch", "targets"), ("batch", "sources"), ("train", "init_from"), ("comparison", "variants")}
TEXT, NULL, MERGE, INTEGER = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "null", "merge", "int"))
COMMENT = re.compile(r"""^([^"'\n]*?)(?:^|\s)#.*""", re.M)
TOO_DEEP = "nested hundreds of levels deep; write it as config.yaml is written"
# categories of characters that nobody sees: spaces of other widths, and those of no width
UNSEEN = {"Zs", "Cf"}


def is_name(path: tuple) -> bool:
    """Whether a name or a file stands at `path`, a tuple of keys; the items of a list share its path."""
    return path[-2:] in VALUES or path[-1:] in LAST


def load_names(path: str | Path) -> dict:
    """The configuration in a JSON or YAML file, names as text.

    Raises InputError, with the file and the line, when it cannot be read, is not UTF-8 text, JSON or YAML,
    has no keys at the top level, or has a key twice, of which YAML would silently drop one.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); put the file back") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line}: not UTF-8 text; save the file as UTF-8") from None
    try:
        value = json.loads(text, object_pairs_hook=_once)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except RecursionError:
        raise InputError(f"{path}: {TOO_DEEP}") from None
    except ValueError:
        value = _from_yaml(path, text)
    if not isinstance(value, dict):
        raise InputError(f"{path}: has no `key: value` at its top level; see config.yaml for the keys")
    return value


def lay_over(config: dict, changes: dict) -> None:
    """Put the values of `changes` in the place of those in `config`, of maps key by key.

    Unlike Snakemake's update_config, an empty map takes the place of what is no map: the schema must see it.
    """
    for key, value in changes.items():
        if isinstance(value, dict):  # a new one, for YAML's aliases share theirs
            below = config.get(key)
            config[key] = below if isinstance(below, dict) else {}
            lay_over(config[key], value)
        else:
            config[key] = value


def _from_yaml(path: str | Path, text: str) -> Any:
    try:
        loader = SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        _keep(root, (), [])
        # which libyaml takes in places where Snakemake's own reader does not; that takes ten times as long
        if "?" in COMMENT.sub(r"\1", text) or "\t" in text:
            yaml.compose(text, yaml.SafeLoader)
        return loader.construct_document(root)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = [*text.splitlines(), ""][mark.line]
        hint = "indent with spaces, not tabs" if "\t" in line else "correct this line or one before it"
        hint = 'put the text with the ? in "quotes"' if line[mark.column :].startswith("?") else hint
        raise InputError(f"{path}: line {mark.line + 1}: not YAML ({error.problem}); {hint}") from None
    except RecursionError:
        raise InputError(f"{path}: {TOO_DEEP}") from None
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not YAML ({reason}); correct it") from None


def _once(pairs: list[tuple[str, Any]]) -> dict:
    """An object of JSON, in which no key stands twice."""
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise InputError(f"the key {key} stands twice in one place; keep one of the two")
        made[key] = value
    return made


def _keep(node: yaml.Node, path: tuple, above: list[yaml.Node]) -> None:
    """Make text of the names in a node of YAML's syntax; above: the nodes that it stands in."""
    line = f"line {node.start_mark.line + 1}"
    if any(node is one for one in above):
        raise InputError(f"{line}: an alias stands for what it stands in; write the keys out")
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if path and path[-1] in NAMED_KEYS and key.tag != MERGE:
                key.tag = TEXT
            if not isinstance(key, yaml.ScalarNode):
                raise InputError(f"{line}: a list or map in the place of a key; write a name")
            if odd := next((each for each in key.value if _is_unseen(each)), None):
                line = f"line {key.start_mark.line + 1}"
                raise InputError(
                    f"{line}: an invisible character (U+{ord(odd):04X}), as copied from a page, where YAML "
                    "needs a space or nothing; type this line anew"
                )
            if key.value in seen:
                line = f"line {key.start_mark.line + 1}"
                raise InputError(
                    f"{line}: the key {key.value} stands twice in one place; keep one of the two"
                )
            seen.add(key.value)
            _keep(value, (*path, key.value), [*above, node])
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _keep(item, path, [*above, node])
    elif "\0" in node.value:
        raise InputError(f"{line}: a zero byte, as \\0 in double quotes is; write / or use 'single quotes'")
    elif is_name(path) and node.tag != NULL:
        node.tag = TEXT
    elif node.tag == INTEGER and re.match(r"[-+]?0\d", node.value):
        raise InputError(f"{line}: {node.value} begins with 0, so YAML counts in eights; leave the 0 out")


def _is_unseen(character: str) -> bool:
    return character != " " and unicodedata.category(character) in UNSEEN
