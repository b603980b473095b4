# Whether a configuration is what schemas/config.schema.yaml describes; one line that names the key if not. No rule.

import math
from difflib import get_close_matches

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend

from dancenow.planning.configuration import SafeLoader


def did_you_mean(word, known):
    """A hint for a message: the known word nearest to the one given, if any is near."""
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


# keys of earlier versions and their new names; an old key is recognised only where the new one is valid
RENAMED = {
    "stills": "single_frame_share",
    "disturb": "last_frame_corruption",
    "decay": "lr_decay_share",
    "start": "init_from",
    "downs": "n_downsample",
    "blocks": "n_blocks",
    "plate": "background",
}
# keys of earlier versions that have moved to another section
MOVED = {
    "train.devices": "hardware.devices",
    "train.nodes": "hardware.nodes",
    "train.compile": "hardware.compile",
    "synthesis.chunks": "hardware.chunks",
    "synthesis.overlap": "hardware.overlap",
}


# a JSON schema takes 5.0 for an integer, which a loop or a size of an array does not
WHOLE = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda checker, value: isinstance(value, int) and not isinstance(value, bool)
)
# read once; Snakemake's own validate would read it for every variant
with open(f"{workflow.basedir}/schemas/config.schema.yaml", encoding="utf-8") as file:
    SCHEMA = extend(Draft202012Validator, type_checker=WHOLE)(yaml.load(file, SafeLoader))
# of these violated rules, the schema's description says more than jsonschema
DESCRIBED = {"oneOf", "anyOf", "pattern", "not", "maxLength"}
KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list, as [one, two]",
    "object": "a map of keys",
    "null": "null",
}


def not_finite(value, *path):
    """The dotted key of the first number that is infinite or none, which a schema lets pass; else None."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".".join(path)
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next(filter(None, (not_finite(one, *path, str(key)) for key, one in inner)), None)


def as_written(value):
    """A value for a message: null, true and false as in YAML, where Python has words of its own."""
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)[:80]


def check_config(merged, where=""):
    """Validate a merged configuration; the error is one line that names the key, after `where`."""
    for old, new in MOVED.items():
        section, key = old.split(".")
        if isinstance(merged.get(section), dict) and key in merged[section]:
            raise WorkflowError(f"config: {where}{old}: moved to {new}")
    if place := not_finite(merged):
        raise WorkflowError(f"config: {where}{place}: not a finite number; write one")
    if reason := next(SCHEMA.iter_errors(merged), None):
        place = ".".join(map(str, reason.absolute_path)) or "top level"
        if reason.validator == "type" and reason.validator_value == "object":
            said = "empty" if reason.instance is None else f"{reason.instance!r} is no map of keys"[:100]
            raise WorkflowError(
                f"config: {where}{place}: {said}; write its keys below it, as config.yaml does"
            )
        known = reason.schema.get("properties", {}) if isinstance(reason.instance, dict) else {}
        unknown = [key for key in reason.instance if key not in known] if known else []
        renamed = [key for key in unknown if RENAMED.get(key) in known]
        if renamed:
            raise WorkflowError(f"config: {where}{place}.{renamed[0]}: renamed to {RENAMED[renamed[0]]}")
        hint = did_you_mean(unknown[0], known) if unknown else ""
        if reason.validator == "additionalProperties" and unknown:
            key = ".".join(map(str, [*reason.absolute_path, unknown[0]]))
            before, colon, after = str(unknown[0]).partition(":")
            if colon and before in known:
                hint = f"; write a space behind the colon: {before}: {after}"
            section, dot, inner = str(unknown[0]).partition(".")
            if dot and section in known:
                hint = f"; write {section}: and below it, or in braces, {inner}"
            if str(unknown[0]).isdigit():
                hint = "; in braces a comma ends a value: write 0.5, not 0,5, and a list as [1, 2]"
            hint = hint or f"; the keys there are {', '.join(known)}"
            raise WorkflowError(f"config: {where}{key}: unknown key{hint}")
        meaning = reason.schema.get("description") if reason.validator in DESCRIBED else None
        said = f"{str(reason.instance)[:80]}: {meaning}" if meaning else reason.message
        if reason.validator == "required":
            lacking = [key for key in reason.validator_value if key not in reason.instance]
            said = f"lacks {', '.join(lacking)}; write all of its keys: {', '.join(reason.validator_value)}"
        if reason.validator == "enum":
            said = (
                f"{as_written(reason.instance)} is not one of: {', '.join(map(str, reason.validator_value))}"
            )
        if reason.validator == "type":
            kinds = reason.validator_value
            kinds = " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
            said = f"{as_written(reason.instance)} is not {kinds}"
            if meaning := reason.schema.get("description"):
                said += f" ({meaning.rstrip('.')})"
        raise WorkflowError(f"config: {where}{place}: {said}{hint}")
