# How configuration files are read, before Snakemake reads them, whose messages would name neither file nor line, and
# merged with the preset and the command line. No rule.

import os
import re
import sys

import yaml
from snakemake.exceptions import WorkflowError

sys.path.append(f"{workflow.basedir}/workflow_scripts")

from dancenow.errors import InputError
from dancenow.planning.configuration import is_name, lay_over, load_names


def read_config(path):
    """The configuration in a file, names as text; one line with file and line if it cannot be read."""
    try:
        return load_names(path)
    except InputError as error:
        raise WorkflowError(f"config: {error}") from None


# 2e-4 and 1e3, which are text to YAML, that asks for a dot and a sign
EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


def shown(subject):
    """The clips of a subject's entry, which its cuts, its performer, its keypoints and its consent belong to."""
    video = subject.get("video")
    return os.path.abspath(video) if isinstance(video, str) else video, subject.get("clips")


def lay_user_over(config, changes):
    """lay_over, but another clip under a known name inherits nothing of the old one, nor another consent its parts."""
    known, new = config.get("subjects"), changes.get("subjects")
    for name in known.keys() & new.keys() if isinstance(known, dict) and isinstance(new, dict) else ():
        old, given = known[name], new[name]
        if isinstance(old, dict) and isinstance(given, dict):
            if given.keys() & {"video", "clips"} and shown(given) != shown(old):
                old.clear()
            elif "consent" in given:
                old.pop("consent", None)
    lay_over(config, changes)


def typed(value, path=()):
    """Convert numbers, booleans and null inside --config "train={steps: 5}", which arrive as text.

    path: the keys that lead to it; names stay text.
    """
    if isinstance(value, dict):
        return {key: typed(inner, (*path, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner, path) for inner in value]
    if not isinstance(value, str):
        return value
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return value
    if EXPONENT.fullmatch(value):
        read = int(number) if (number := float(value)).is_integer() else number
    return read if read is None or (isinstance(read, (bool, int, float)) and not is_name(path)) else value


def overlay_preset():
    """Overlay config.yaml with the preset, and both with the user's values from the command line.

    The files are read once more, for Snakemake makes numbers, booleans and dates of names.
    """
    config.clear()
    lay_over(config, read_config(f"{workflow.basedir}/config.yaml"))
    given = {}
    for path in workflow.config_settings.configfiles:
        read = read_config(path)
        # a changed copy of config.yaml, which as the user's values would undo every preset
        if config.keys() <= read.keys():
            config.clear()
            lay_over(config, typed(read))
        else:
            lay_user_over(given, read)
    lay_user_over(given, dict(workflow.config_settings.config))
    user = typed(given)
    preset = user.get("preset", config.get("preset"))
    presets = config.get("presets")
    if isinstance(presets, dict) and isinstance(user.get("presets"), dict):
        lay_over(presets, user["presets"])
    if not isinstance(presets, dict) or not all(isinstance(each, dict) for each in presets.values()):
        check_config(config)
    if not isinstance(preset, str) or preset not in presets:
        raise WorkflowError(f"config: preset: {as_written(preset)} is not one of: {', '.join(presets)}")
    lay_over(config, presets[preset])
    lay_user_over(config, user)
