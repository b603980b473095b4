# The preset, the schema, the names. No rule here.

import os
import re
import shlex
import sys
from difflib import get_close_matches
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator
from snakemake.exceptions import WorkflowError
from snakemake.utils import update_config

sys.path.append(f"{workflow.basedir}/workflow_scripts")

from dancenow.cluster.batch_summary import summarise
from dancenow.errors import InputError
from dancenow.files import as_on_disk, atomic_path
from dancenow.planning.consent import consent_record
from dancenow.planning.names import SafeLoader, is_name, load_names
from dancenow.planning.pairs import names_of, targets_of
from dancenow.planning.reruns import code_hash, contents
from dancenow.stopping import hear_ctrl_c_once, leave_warning_to_training


def typed(value, path=()):
    """Numbers, booleans and null inside --config "train={steps: 5}", which arrive as text, as what they are.

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
    return read if read is None or (isinstance(read, (bool, int, float)) and not is_name(path)) else value


def overlay_preset():
    """Lay the preset over config.yaml, and what the user gave on the command line over both.

    The files are read once more, for Snakemake makes numbers, booleans and dates of names.
    """
    config.clear()
    update_config(config, load_names(f"{workflow.basedir}/config.yaml"))
    given = {}
    for path in workflow.config_settings.configfiles:
        update_config(given, load_names(path))
    update_config(given, dict(workflow.config_settings.config))
    user = typed(given)
    preset = user.get("preset", config.get("preset"))
    presets = config.get("presets", {})
    if preset not in presets:
        raise WorkflowError(f"config: preset: {preset!r} is not one of: {', '.join(presets)}")
    update_config(config, presets[preset])
    # the demo's consent is of the demo's clips: another clip does not inherit it, nor does another consent a part
    for name, subject in user.get("subjects", {}).items():
        if subject.keys() & {"video", "clips", "consent"}:
            config["subjects"].get(name, {}).pop("consent", None)
    update_config(config, user)


def did_you_mean(word, known):
    """A hint for a message: the known word nearest to the one given, if any is near."""
    close = get_close_matches(str(word), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_folders():
    """A folder of ours may be a link to another disk, which must be there; Snakemake would not say what is wrong."""
    for folder in ("results", "logs", "benchmarks"):
        if os.path.islink(folder) and not os.path.isdir(folder):
            raise WorkflowError(
                f"{folder}: a link to {os.readlink(folder)}, where no folder is; mount that disk or make the folder"
            )


def tell_results_without_record():
    """Say in one line that the dates of results decide, where they were copied without what is known of them."""
    if any(Path("results").glob("*/*")) and not any(Path(".snakemake/metadata").glob("*")):
        logger.warning(
            "results: came without .snakemake, so their dates decide what is made again; copy .snakemake as well, "
            "or take them as they are: the same command with --touch, then without"
        )


def find_files():
    """Spell the paths that the user gives as the disk does: with the home folder for ~, and with its accents."""
    for subject in config["subjects"].values():
        for given in (subject, *subject.get("clips", [])):
            given.update({key: as_on_disk(given[key]) for key in ("video", "poses") if key in given})
        if "file" in subject.get("consent", {}):
            subject["consent"]["file"] = as_on_disk(subject["consent"]["file"])
    truth = config["evaluation"]["truth"]
    truth.update({pair: as_on_disk(path) for pair, path in truth.items()})
    config["pose"]["checkpoint"] = as_on_disk(config["pose"]["checkpoint"])


# keys of earlier versions, by the name that took their place; a key counts only where the new one stands
RENAMED = {
    "stills": "single_frame_share",
    "disturb": "last_frame_corruption",
    "decay": "lr_decay_share",
    "start": "init_from",
    "downs": "n_downsample",
    "blocks": "n_blocks",
    "plate": "background",
}
# keys of earlier versions that stand in another section now
MOVED = {
    "train.devices": "hardware.devices",
    "train.nodes": "hardware.nodes",
    "train.compile": "hardware.compile",
    "synthesis.chunks": "hardware.chunks",
    "synthesis.overlap": "hardware.overlap",
}


# read once and not, as Snakemake's own validate does, for every variant
with open(f"{workflow.basedir}/schemas/config.schema.yaml", encoding="utf-8") as file:
    SCHEMA = Draft202012Validator(yaml.load(file, SafeLoader))


def check_config(merged, where=""):
    """Validate a merged configuration; the error is one line that names the key, after `where`."""
    for old, new in MOVED.items():
        section, key = old.split(".")
        if isinstance(merged.get(section), dict) and key in merged[section]:
            raise WorkflowError(f"config: {where}{old}: moved to {new}")
    if reason := next(SCHEMA.iter_errors(merged), None):
        place = ".".join(map(str, reason.absolute_path)) or "top level"
        known = reason.schema.get("properties", {})
        unknown = [key for key in reason.instance if key not in known] if known else []
        renamed = [key for key in unknown if RENAMED.get(key) in known]
        if renamed:
            raise WorkflowError(f"config: {where}{place}.{renamed[0]}: renamed to {RENAMED[renamed[0]]}")
        hint = did_you_mean(unknown[0], known) if unknown else ""
        # of these the words of the schema say more than the rule that is broken
        told = reason.schema.get("description") if reason.validator in ("oneOf", "pattern", "not") else None
        said = f"{str(reason.instance)[:80]}: {told}" if told else reason.message
        raise WorkflowError(f"config: {where}{place}: {said}{hint}")


def check_name(place, name):
    """Refuse a name that is no subject's; the error names `place`, what is known, and the nearest."""
    if name not in config["subjects"]:
        names = ", ".join(config["subjects"])
        hint = did_you_mean(name, config["subjects"])
        raise WorkflowError(f"{place}: {name!r} is not one of the subjects ({names}){hint}")


def clips_of(name):
    """The clips of a subject: what the configuration says of each, with the subject's fps."""
    check_name("config: subjects", name)
    subject = config["subjects"][name]
    if "video" in subject:
        return [subject]
    return [{key: subject[key] for key in ("fps",) if key in subject} | clip for clip in subject["clips"]]


def check_source(place, name):
    """A source must be one clip."""
    if len(clips_of(name)) > 1:
        raise WorkflowError(
            f"{place}: {name} has several clips and can only be a target, for a dance goes on "
            "without a break, and so does its sound; give the source one `video`"
        )


def check_pairs(place, pairs):
    """Both names of every pair must be subjects; the source must be one clip."""
    for pair in pairs:
        for name in pair.split("_as_"):
            check_name(f"{place}: {pair}", name)
        check_source(f"{place}: {pair}", pair.split("_as_")[1])


def check_batch():
    """The same for a batch, name by name: this is read again in each of its jobs, and its pairs are many."""
    for side, names in config["batch"].items():
        for name in names:
            check_name(f"config: batch.{side}", name)
    for name in config["batch"]["sources"]:
        check_source("config: batch.sources", name)


def check_stages(train, where=""):
    """`init_from` names a subject; every stage learns something; an enhancer goes around a plain generator."""
    if train["generator"]["references"] and not train["generator"]["background"]:
        raise WorkflowError(
            f"config: {where}train.generator.references: real pixels are laid over the background; set background to true, or "
            "references to false"
        )
    if train["init_from"] is not None:
        check_name(f"config: {where}train.init_from", train["init_from"])
    stages = {"train": train} | {f"train.{name}": train[name] for name in ("enhancer", "face") if train[name]}
    for place, stage in stages.items():
        if not any(stage["weights"].values()):
            raise WorkflowError(
                f"config: {where}{place}.weights: all are 0, so nothing would be learned; raise one"
            )
    if train["single_frame_share"] and not (train["weights"]["perceptual"] or train["weights"]["l1"]):
        raise WorkflowError(
            f"config: {where}train.weights: perceptual and l1 are both 0, and the single frames of train.single_frame_share "
            "learn from nothing else; raise one of them, or set train.single_frame_share to 0"
        )
    if train["enhancer"] and (train["generator"]["background"] or train["generator"]["unshuffle"] > 1):
        raise WorkflowError(
            f"config: {where}train.enhancer: takes a generator with `background: false` and `unshuffle: 1`; set both under "
            "train.generator, or train.enhancer to null"
        )


def check_camera():
    """A camera that moves needs a background to move over."""
    if config["transfer"]["camera"] == "target" and not config["train"]["generator"]["background"]:
        raise WorkflowError(
            "config: transfer.camera: target needs a background that reaches beyond the frame; set it to steady, or "
            "train.generator.background to true"
        )


def check_steady(what):
    """What compares a result with poses or footage needs the view that these lie in."""
    if config["transfer"]["camera"] != "steady":
        raise WorkflowError(f"config: transfer.camera: {what} compares in the steady view; set it to steady")


def check_keypoints():
    """Keypoints that the user brings are of one whole clip, and not where an export would overwrite them."""
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
    """Every target of the batch with every source but itself."""
    batch = config["batch"]
    return [
        f"{target}_as_{source}"
        for target in batch["targets"]
        for source in batch["sources"]
        if target != source
    ]


def configured_targets():
    """Everyone whom the configuration makes the target of a transfer or of a batch."""
    return sorted({*targets_of(config["transfers"]), *config["batch"]["targets"]})


def tell_batch():
    """At the end of a run with a batch: print and write which videos are missing, why, and what to do."""
    if batch_pairs():
        settings = {"chunks": config["hardware"]["chunks"], "init_from": config["train"]["init_from"]}
        summary = summarise(**config["batch"], **settings)
        with atomic_path("results/batch.txt") as partial:
            partial.write_text(f"{summary}\n")
        print(summary, file=sys.stderr)


# matplotlib would keep its list of fonts in the home folder; every job inherits this
os.environ.setdefault("MPLCONFIGDIR", os.path.abspath(".snakemake/matplotlib"))

# Snakemake puts it as it is into the shell commands that start jobs, where a space would end it
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)

leave_warning_to_training()
hear_ctrl_c_once()
overlay_preset()
check_config(config)
check_folders()
tell_results_without_record()
find_files()
check_stages(config["train"])
check_camera()
check_keypoints()
check_pairs("config: transfers", config["transfers"])
check_batch()
check_pairs("config: evaluation.truth", config["evaluation"]["truth"])

MISSING = set()
# What the schema lets through, not the list of the names: Snakemake would search the list at every file it matches,
# and copy it into every pattern. A name that is no subject's ends in check_name.
NAME = "[a-z0-9-]+"
# "(?!)" matches nothing
IMPORTED = "|".join(name for name in config["subjects"] if "poses" in config["subjects"][name]) or "(?!)"
DETECTED = rf"(?!({IMPORTED})\.){NAME}"


wildcard_constraints:
    subject=NAME,
    target=NAME,
    source=NAME,
