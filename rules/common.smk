# The preset, the schema, the names. No rule here.

import shutil
from difflib import get_close_matches

from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config, validate


def overlay_preset():
    """Lay the preset over config.yaml, and what the user gave on the command line over both."""
    user = workflow.config_settings.overwrite_config
    preset = user.get("preset", config.get("preset"))
    presets = config.get("presets", {})
    if preset not in presets:
        raise WorkflowError(f"config: preset: {preset!r} is not one of: {', '.join(presets)}")
    update_config(config, presets[preset])
    update_config(config, user)


def check_config():
    """Validate the merged configuration; the error is one line that names the key."""
    try:
        validate(config, f"{workflow.basedir}/schemas/config.schema.yaml")
    except WorkflowError as error:
        reason = error.__context__
        place = ".".join(str(step) for step in reason.absolute_path) or "top level"
        unknown = (
            sorted(set(reason.instance) - set(reason.schema.get("properties", {})))
            if reason.validator == "additionalProperties"
            else []
        )
        close = get_close_matches(unknown[0], reason.schema["properties"]) if unknown else []
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise WorkflowError(f"config: {place}: {reason.message}{hint}") from None
    for place in ("transfers", "evaluation.truth"):
        section = config
        for key in place.split("."):
            section = section[key]
        for pair in section:
            unknown = [name for name in pair.split("_as_") if name not in config["subjects"]]
            if unknown:
                names = ", ".join(config["subjects"])
                raise WorkflowError(
                    f"config: {place}: {pair}: {unknown[0]!r} is not one of the subjects: {names}"
                )


overlay_preset()
check_config()

SUBJECTS = sorted(config["subjects"])
NAME = "|".join(SUBJECTS)


wildcard_constraints:
    subject=NAME,
    target=NAME,
    source=NAME,


def check_targets():
    """Name the subject that is missing, where Snakemake would only say that no rule makes the file."""
    for wanted in workflow.dag_settings.targets if workflow.dag_settings else []:
        pair = Path(wanted).name.split(".")[0]
        for name in pair.split("_as_") if str(wanted).startswith("results/") and "_as_" in pair else []:
            if name not in SUBJECTS:
                close = get_close_matches(name, SUBJECTS)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise WorkflowError(
                    f"{wanted}: {name!r} is not one of the subjects: {', '.join(SUBJECTS)}{hint} "
                    "Name it with its video under `subjects` in config.yaml."
                )


check_targets()


def clip_of(wildcards):
    """The video file of the clip that the rule's wildcard names."""
    name = wildcards.get("subject", wildcards.get("source"))
    return config["subjects"][name]["video"]


def library(*modules):
    """The library modules that decide a rule's output: editing one makes the rule run again."""
    return [workflow.source_path(f"../workflow_scripts/dancenow/{module}.py") for module in modules]
