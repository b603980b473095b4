# The preset, the schema, the names. No rule here.

import math
import os
import re
import shlex
import tempfile
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from jsonschema.validators import extend
from snakemake.utils import update_config

from dancenow.cluster.batch_summary import summarise
from dancenow.files import FULL, as_on_disk, atomic_path, bring_back_dates
from dancenow.planning.consent import consent_record
from dancenow.planning.configuration import SafeLoader, is_name
from dancenow.planning.pairs import names_of, targets_of
from dancenow.planning.reruns import code_hash, contents
from dancenow.stopping import hear_ctrl_c_once, leave_warning_to_training

# 2e-4 and 1e3, which are text to YAML, that asks for a dot and a sign
EXPONENT = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+")


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
    update_config(config, read_config(f"{workflow.basedir}/config.yaml"))
    given = {}
    for path in workflow.config_settings.configfiles:
        update_config(given, read_config(path))
    update_config(given, dict(workflow.config_settings.config))
    user = typed(given)
    preset = user.get("preset", config.get("preset"))
    presets = config.get("presets", {})
    if not isinstance(presets, dict):
        check_config(config)
    if not isinstance(preset, str) or preset not in presets:
        raise WorkflowError(f"config: preset: {preset!r} is not one of: {', '.join(presets)}")
    update_config(config, presets[preset])
    # the demo's consent is for the demo's clips: another clip must not inherit it, nor may another consent inherit parts
    subjects = user.get("subjects")
    for name, subject in subjects.items() if isinstance(subjects, dict) else ():
        if isinstance(subject, dict) and subject.keys() & {"video", "clips", "consent"}:
            config["subjects"].get(name, {}).pop("consent", None)
    update_config(config, user)


def did_you_mean(word, known):
    """A hint for a message: the known word nearest to the one given, if any is near."""
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_folders():
    """Refuse what stands where a folder must be, or a folder that cannot be used; Snakemake would not say what is wrong.

    An output folder may be a link to another disk, which must be mounted.
    """
    inner = (
        [path for path in Path("results").glob("*") if not path.suffix] if os.path.isdir("results") else []
    )
    outer = [".", "results", "logs", "benchmarks", ".snakemake"]
    for folder in map(str, [*outer, *inner]):
        if os.path.islink(folder) and not os.path.isdir(folder):
            raise WorkflowError(
                f"{folder}: a link to {os.readlink(folder)}, which is not a folder; mount that disk or create the folder"
            )
        if os.path.exists(folder) and not os.path.isdir(folder):
            raise WorkflowError(f"{folder}: a file where a folder must be; move it away")
        if folder in outer and os.path.isdir(folder) and workflow.is_main_process:
            check_writable(folder)


def check_start():
    """Refuse no cores at all, with which Snakemake waits for ever, and a path that it takes for one with wildcards."""
    if {"{", "}"} & {*workflow.basedir}:
        raise WorkflowError(
            f"{workflow.basedir}: Snakemake takes braces in its path for wildcards; rename the folder"
        )
    if 0 in (workflow.resource_settings.cores, workflow.resource_settings.nodes):
        raise WorkflowError("--cores 0: no job could ever start; give a number from 1 on, or all")


def check_writable(folder):
    """Refuse a folder in which no file can be made, by making one: a disk may be read-only, and root ignores modes."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        if error.errno not in FULL:  # a full disk can be cleaned
            raise WorkflowError(
                f"{os.path.abspath(folder)}: cannot be written ({error.strerror}); run in a folder of your own: "
                "snakemake --directory FOLDER"
            ) from None


def tell_results_without_record():
    """Warn that file dates decide what runs again, if results were copied without Snakemake's records."""
    if any(Path("results").glob("*/*")) and not any(Path(".snakemake/metadata").glob("*")):
        logger.warning(
            "results: copied without .snakemake, so file dates decide what runs again; copy .snakemake as well, or "
            "accept the results as they are: enter the same command with --touch, then without"
        )


def find_files():
    """Spell the user's paths as the disk does: expand ~, and use the accents of the file system."""
    for subject in config["subjects"].values():
        for given in (subject, *subject.get("clips", [])):
            given.update({key: as_on_disk(given[key]) for key in ("video", "poses") if key in given})
        if "file" in subject.get("consent", {}):
            subject["consent"]["file"] = as_on_disk(subject["consent"]["file"])
    truth = config["evaluation"]["truth"]
    truth.update({pair: as_on_disk(path) for pair, path in truth.items()})
    config["pose"]["checkpoint"] = as_on_disk(config["pose"]["checkpoint"])


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
            hint = hint or f"; the keys there are {', '.join(known)}"
            raise WorkflowError(f"config: {where}{key}: unknown key{hint}")
        meaning = reason.schema.get("description") if reason.validator in DESCRIBED else None
        said = f"{str(reason.instance)[:80]}: {meaning}" if meaning else reason.message
        if reason.validator == "type":
            kinds = reason.validator_value
            kinds = " or ".join(KINDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
            said = f"{repr(reason.instance)[:80]} is not {kinds}"
            if meaning := reason.schema.get("description"):
                said += f" ({meaning.rstrip('.')})"
        raise WorkflowError(f"config: {where}{place}: {said}{hint}")


def check_name(place, name):
    """Refuse a name that is not a subject; the error names `place`, the subjects, and the nearest name."""
    if name not in config["subjects"]:
        names = ", ".join(config["subjects"])
        hint = did_you_mean(name, config["subjects"]) or "; add it with its video to subjects in config.yaml"
        raise WorkflowError(f"{place}: {name!r} is not one of the subjects ({names}){hint}")


def clips_of(name):
    """The clips of a subject, each as in the configuration, with the subject's fps."""
    check_name("config: subjects", name)
    subject = config["subjects"][name]
    if "video" in subject:
        return [subject]
    return [{key: subject[key] for key in ("fps",) if key in subject} | clip for clip in subject["clips"]]


def check_source(place, name):
    """A source must be one clip."""
    if len(clips_of(name)) > 1:
        raise WorkflowError(
            f"{place}: {name} has several clips and can only be a target, because the dance of a source must not "
            "be interrupted; give the source one `video`"
        )


def check_pairs(place, pairs):
    """Both names of every pair must be subjects; the source must be one clip."""
    for pair in pairs:
        for name in pair.split("_as_"):
            check_name(f"{place}: {pair}", name)
        check_source(f"{place}: {pair}", pair.split("_as_")[1])


def check_batch():
    """The same for a batch, name by name: every job checks again, and a batch has many pairs."""
    for side, names in config["batch"].items():
        for name in names:
            check_name(f"config: batch.{side}", name)
    for name in config["batch"]["sources"]:
        check_source("config: batch.sources", name)


def check_stages(train, where=""):
    """`init_from` names a subject, every stage learns something, an enhancer has a plain generator."""
    if train["generator"]["references"] and not train["generator"]["background"]:
        raise WorkflowError(
            f"config: {where}train.generator.references: needs a background; set train.generator.background to true, or "
            "references to false"
        )
    if train["init_from"] is not None:
        check_name(f"config: {where}train.init_from", train["init_from"])
    stages = {"train": train} | {f"train.{name}": train[name] for name in ("enhancer", "face") if train[name]}
    for place, stage in stages.items():
        if not any(stage["weights"].values()):
            raise WorkflowError(
                f"config: {where}{place}.weights: all are 0, so nothing would be learned; raise one of them"
            )
    if train["single_frame_share"] and not (train["weights"]["perceptual"] or train["weights"]["l1"]):
        raise WorkflowError(
            f"config: {where}train.weights: perceptual and l1 are both 0, but single-frame steps learn from nothing else; "
            "raise one of them, or set train.single_frame_share to 0"
        )
    if train["enhancer"] and (train["generator"]["background"] or train["generator"]["unshuffle"] > 1):
        raise WorkflowError(
            f"config: {where}train.enhancer: needs a generator with `background: false` and `unshuffle: 1`; set both under "
            "train.generator, or train.enhancer to null"
        )


def check_camera():
    """A moving camera needs a background beyond the frame."""
    if config["transfer"]["camera"] == "target" and not config["train"]["generator"]["background"]:
        raise WorkflowError(
            "config: transfer.camera: target needs a background that reaches beyond the frame; set it to steady, or "
            "train.generator.background to true"
        )


def check_steady(what):
    """`what` compares a result with poses or footage, which lie in the steady view."""
    if config["transfer"]["camera"] != "steady":
        raise WorkflowError(f"config: transfer.camera: {what} compares in the steady view; set it to steady")


def check_keypoints():
    """The user's keypoints belong to one whole clip, and are not where an export would overwrite them."""
    for name, subject in config["subjects"].items():
        apart = subject.keys() & {"clips", "start", "end", "fps", "crop"}
        if "poses" in subject and apart:
            raise WorkflowError(
                f"config: subjects.{name}.poses: keypoints of your own belong to one whole clip; "
                f"cut the clip first and leave out: {', '.join(sorted(apart))}"
            )
        given = Path(subject.get("poses", ".")).resolve()
        if given.is_relative_to(Path("results").resolve()):
            raise WorkflowError(
                f"config: subjects.{name}.poses: {subject['poses']} is the workflow's own result; "
                "copy it out of results and name the copy"
            )


def batch_pairs():
    """Every target of the batch with every source except itself."""
    batch = config["batch"]
    return [
        f"{target}_as_{source}"
        for target in batch["targets"]
        for source in batch["sources"]
        if target != source
    ]


def configured_targets():
    """All targets of the configured transfers and of the batch."""
    return sorted({*TARGETS, *config["batch"]["targets"]})


def tell_batch():
    """At the end of a run with a batch, print and write which videos are missing, why, and what to do."""
    if batch_pairs():
        settings = {"chunks": config["hardware"]["chunks"], "init_from": config["train"]["init_from"]}
        summary = summarise(**config["batch"], **settings)
        with atomic_path("results/batch.txt") as partial:
            partial.write_text(f"{summary}\n", encoding="utf-8")
        print(summary, file=sys.stderr)


# otherwise matplotlib caches its font list in the home folder; every job inherits this
os.environ.setdefault("MPLCONFIGDIR", os.path.abspath(".snakemake/matplotlib"))

# packages from there would come before those of the environment, in every job
if os.environ.pop("PYTHONPATH", ""):
    logger.warning("PYTHONPATH is not passed on to the jobs, which take the packages of their environment")

# Snakemake pastes it unquoted into the shell commands that start jobs, where a space would end it
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)

leave_warning_to_training()
hear_ctrl_c_once()
overlay_preset()
check_config(config)
check_start()
check_folders()
if not workflow.remote_exec:  # a cluster's many jobs would look through all results
    bring_back_dates("results")
tell_results_without_record()
find_files()
check_stages(config["train"])
check_camera()
check_keypoints()
check_pairs("config: transfers", config["transfers"])
check_batch()
check_pairs("config: evaluation.truth", config["evaluation"]["truth"])

MISSING = set()
TARGETS = targets_of(config["transfers"])
# The schema's pattern, not the list of names: Snakemake would search the list for every file it matches,
# and copy it into every pattern. check_name refuses a name that is not a subject.
NAME = "[a-z0-9-]+"
# "(?!)" matches nothing
IMPORTED = "|".join(name for name in config["subjects"] if "poses" in config["subjects"][name]) or "(?!)"
DETECTED = rf"(?!({IMPORTED})\.){NAME}"


wildcard_constraints:
    subject=NAME,
    target=NAME,
    source=NAME,
