# The names in the configuration and what a schema cannot say of it; then everything is merged and checked. No rule here.

import getpass
import os
import re
import shlex
from pathlib import Path

from dancenow.cluster.batch_summary import summarise
from dancenow.files import as_on_disk, bring_back_dates, write_text
from dancenow.planning.consent import consent_record
from dancenow.planning.pairs import names_of, targets_of
from dancenow.planning.reruns import code_hash, contents
from dancenow.stopping import hear_ctrl_c_once, leave_warning_to_training


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
    signer = config["provenance"]
    signer.update({key: as_on_disk(signer[key]) for key in ("certificate", "key") if signer[key]})


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
    halvings, unshuffle = train["generator"]["n_downsample"], train["generator"]["unshuffle"]
    # frames are multiples of 32 px, an enhancer's first stage sees half of that
    most = 16 if train["enhancer"] else 32
    if unshuffle * 2**halvings > most:
        raise WorkflowError(
            f"config: {where}train.generator: unshuffle {unshuffle} and n_downsample {halvings} shrink a picture to 1 / "
            f"{unshuffle * 2**halvings}, but at most 1 / {most} fits all pictures; lower n_downsample or unshuffle"
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


def check_signer():
    """The user's certificate and key, which are read when a video is finished, perhaps after a night of training."""
    given = {key: config["provenance"][key] for key in ("certificate", "key") if config["provenance"][key]}
    if len(given) == 1:
        raise WorkflowError("config: provenance: certificate and key belong together; give both or neither")
    for key, path in given.items():
        if workflow.is_main_process and not os.path.exists(path):
            raise WorkflowError(f"{path}: no such file; put it there or correct config: provenance.{key}")


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
        write_text("results/batch.txt", f"{summary}\n")
        print(summary, file=sys.stderr)


# otherwise matplotlib caches its font list in the home folder; every job inherits this
os.environ.setdefault("MPLCONFIGDIR", os.path.abspath(".snakemake/matplotlib"))

# in a container a user may be a number without a name, and Snakemake, which asks for it, would end in a traceback
try:
    getpass.getuser()
except (KeyError, OSError):
    os.environ.update(LOGNAME=str(os.getuid()))

# packages from there would come before those of the environment, in every job
if os.environ.pop("PYTHONPATH", ""):
    logger.warning("PYTHONPATH is not passed on to the jobs, which take the packages of their environment")

# Snakemake pastes it unquoted into the shell commands that start jobs, where a space would end it
if os.path.exists(sys.executable):
    sys.executable = shlex.quote(sys.executable)

leave_warning_to_training()
hear_ctrl_c_once()
check_start()
overlay_preset()
check_config(config)
check_folders()
if not workflow.remote_exec:  # a cluster's many jobs would look through all results
    bring_back_dates("results")
tell_results_without_record()
find_files()
check_stages(config["train"])
check_camera()
check_keypoints()
check_signer()
check_pairs("config: transfers", config["transfers"])
check_batch()
check_pairs("config: evaluation.truth", config["evaluation"]["truth"])

MISSING = set()
# hashes of the user's files, by path
HELD = {}
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
