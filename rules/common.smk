# The preset, the schema, the names. No rule here.

import re
import sys
from difflib import get_close_matches
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate


def typed(value):
    """Numbers, booleans and null inside --config "train={steps: 5}", which arrive as text, as what they are."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    return read if read is None or isinstance(read, (bool, int, float)) else value


def overlay_preset():
    """Lay the preset over config.yaml, and what the user gave on the command line over both."""
    user = typed(workflow.config_settings.overwrite_config)
    preset = user.get("preset", config.get("preset"))
    presets = config.get("presets", {})
    if preset not in presets:
        raise WorkflowError(f"config: preset: {preset!r} is not one of: {', '.join(presets)}")
    update_config(config, presets[preset])
    update_config(config, user)


def did_you_mean(word, known):
    """A hint for a message: the known word nearest to the one given, if any is near."""
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_config():
    """Validate the merged configuration; the error is one line that names the key."""
    try:
        validate(config, f"{workflow.basedir}/schemas/config.schema.yaml")
    except WorkflowError as error:
        reason = error.__context__
        place = ".".join(map(str, reason.absolute_path)) or "top level"
        known = reason.schema.get("properties", {})
        unknown = [key for key in reason.instance if key not in known] if known else []
        hint = did_you_mean(unknown[0], known) if unknown else ""
        raise WorkflowError(f"config: {place}: {reason.message}{hint}") from None


def check_pairs(place, pairs):
    """Both names of every pair must be subjects."""
    for pair in pairs:
        for name in pair.split("_as_"):
            if name not in config["subjects"]:
                names = ", ".join(config["subjects"])
                hint = did_you_mean(name, config["subjects"])
                raise WorkflowError(f"{place}: {pair}: {name!r} is not one of the subjects ({names}){hint}")


overlay_preset()
check_config()
check_pairs("config: transfers", config["transfers"])
check_pairs("config: evaluation.truth", config["evaluation"]["truth"])

SUBJECTS = sorted(config["subjects"])
NAME = "|".join(SUBJECTS)


wildcard_constraints:
    subject=NAME,
    target=NAME,
    source=NAME,


# Snakemake would only say that no rule makes the file; this names the subject that is missing. The targets
# are not known to a Snakefile by any other way than the command line.
for wanted in sys.argv[1:]:
    if re.fullmatch(r"results/(.+/)?[^/]+_as_[^/]+", wanted):
        check_pairs(f"{wanted} (name it with its video in config.yaml)", [Path(wanted).name.split(".")[0]])


def clip_of(wildcards):
    """The video file of the clip that the rule's wildcard names."""
    name = wildcards.get("subject", wildcards.get("source"))
    return config["subjects"][name]["video"]


def training_settings(wildcards):
    """The part of `train` that decides the weights; the rest has params of its own."""
    apart = ("holdout", "perceptual", "devices")
    return {key: value for key, value in config["train"].items() if key not in apart}


def truth_of(wildcards):
    """The ground truth of a pair; most pairs have none."""
    pair = f"{wildcards.target}_as_{wildcards.source}"
    if pair not in config["evaluation"]["truth"]:
        raise WorkflowError(
            f"config: evaluation.truth: no footage is named for {pair}; a transfer without one cannot be scored"
        )
    return config["evaluation"]["truth"][pair]


def library(*modules):
    """The library modules that decide a rule's output: editing one makes the rule run again."""
    return [workflow.source_path(f"../workflow_scripts/dancenow/{module}.py") for module in modules]
