"""The stages before and after the training, each killed in its middle and then run again, as a program.

It runs the workflow's own scripts, with what Snakemake would give them, in processes forked from one that has
imported the libraries, so that each attempt costs little. Called with two folders that hold clips/a.mp4 and
results/models/a/generator.safetensors: in the first every stage is killed once, in the second none is.
"""

import hashlib
import json
import os
import runpy
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from running import import_libraries

ROOT = Path(__file__).resolve().parents[2]
LONG_EDGE = 192
FRAMES = {key: f"results/frames/a.{end}" for key, end in
          (("frames", "avi"), ("index", "index.npy"), ("facts", "json"))}  # fmt: skip
PEOPLE, POSE, STATISTICS = "results/poses/a.people.npz", "results/poses/a.npz", "results/normalization/a.json"
PAIR, SYNTHESIZED = "results/poses/a_as_a.npz", "results/synthesis/a_as_a.mp4"
CAMERA = "results/camera/a.npz"
DECISION, CLIPS, CLIP = "results/poses/estimator.json", "results/clips/a.json", "clips/a.mp4"
TRACKING = {"performer": "largest", "max_gap": 0.32, "smoothing": "gaussian", "window": 0.2}
PROVENANCE = {"mark": False, "label": "none", "label_position": "bottom-right", "label_size": 0.06}
GENERATOR = "results/models/a/generator.safetensors"
CHUNK, JOINED = "results/synthesis/a_as_a.1of1.mkv", "results/synthesis/a_as_a.joined.mp4"
STEADY, STEADY_POSE = "results/steady/a.npz", "results/poses/a.steady.npz"
FOUND, MASKS = "results/masks/a.found.npz", "results/masks/a.npz"
BANK, CHOSEN = "results/references/a.npz", "results/references/a_as_a.npz"
PREVIEW = "results/previews/a_as_a.mp4"
BACKGROUND, RESULT = "results/backgrounds/a.png", "results/a_as_a.mp4"

# where a stage is killed: at which call of which function; os.replace has the whole file still to be renamed
RENAMING = ("os", "replace", 1)
STAGES = {
    "probe_clip": ({}, {"facts": CLIPS}, {"clips": [CLIP], "parts": [{}]}, RENAMING),
    "extract_frames": ({"facts": CLIPS}, FRAMES, {"clips": [CLIP], "held": [None], "long_edge": LONG_EDGE},
                       ("cv2", "imencode", 3)),
    "choose_estimator": (
        {}, {"decision": DECISION}, {"estimator": "mediapipe", "checkpoint": "embedded"}, RENAMING,
    ),
    "detect_poses": (
        {"decision": DECISION, **FRAMES}, {"people": PEOPLE, "masks": FOUND}, {},
        ("dancenow.video.frames", "FrameStore.__getitem__", 3),
    ),
    "find_camera": ({**FRAMES, "people": PEOPLE}, {"camera": CAMERA}, {}, RENAMING),
    "track_performer": (
        {"people": PEOPLE, "camera": CAMERA, "facts": FRAMES["facts"]}, {"pose": POSE},
        {"tracking": TRACKING}, RENAMING,
    ),
    "measure_normalization": ({"pose": POSE, "camera": CAMERA}, {"statistics": STATISTICS}, {}, RENAMING),
    "steady_target": (
        {"frames": FRAMES["frames"], "pose": POSE, "camera": CAMERA},
        {"steady": STEADY, "pose": STEADY_POSE}, {}, RENAMING,
    ),
    "normalize_poses": (
        {"source_pose": POSE, "source_camera": CAMERA, "source_statistics": STATISTICS,
        "target_pose": STEADY_POSE, "target_statistics": STATISTICS},
        {"pose": PAIR}, {"limbs": "target", "max_gap": 0.32}, RENAMING,
    ),
    "mask_performer": (
        {"frames": FRAMES["frames"], "pose": STEADY_POSE, "steady": STEADY, "masks": FOUND}, {"masks": MASKS},
        {"holdout": 0.2}, RENAMING,
    ),
    "make_background": (
        {"frames": FRAMES["frames"], "pose": STEADY_POSE, "steady": STEADY, "masks": MASKS, "people": PEOPLE},
        {"background": BACKGROUND}, {"holdout": 0.2}, RENAMING,
    ),
    "make_references": (
        {"frames": FRAMES["frames"], "pose": STEADY_POSE, "steady": STEADY, "masks": MASKS,
        "background": BACKGROUND},
        {"references": BANK}, {"holdout": 0.2}, RENAMING,
    ),
    "choose_references": (
        {"references": BANK, "pose": PAIR, "facts": FRAMES["facts"]}, {"chosen": CHOSEN}, {}, RENAMING,
    ),
    "preview_transfer": (
        {"references": BANK, "chosen": CHOSEN, "pose": PAIR,
        "background": BACKGROUND, "steady": STEADY, "target": FRAMES["facts"]},
        {"video": PREVIEW}, {"camera": "steady"},
        ("dancenow.references.bank", "Bank.picture", 3),
    ),
    "synthesize_frames": (
        {
            "generator": GENERATOR, "face": [], "references": BANK, "chosen": CHOSEN, "pose": PAIR,
            "facts": FRAMES["facts"], "steady": STEADY, "target": FRAMES["facts"],
        },
        {"video": SYNTHESIZED}, {"camera": "steady", "provenance": PROVENANCE},
        ("dancenow.synthesis.synthesizer", "Synthesizer.step", 3),
    ),
    "synthesize_chunk": (
        {
            "generator": GENERATOR, "face": [], "references": BANK, "chosen": CHOSEN, "pose": PAIR,
            "facts": FRAMES["facts"], "steady": STEADY, "target": FRAMES["facts"],
        },
        {"video": CHUNK}, {"overlap": 2, "camera": "steady", "provenance": PROVENANCE},
        ("dancenow.synthesis.synthesizer", "Synthesizer.step", 3),
    ),
    "join_chunks": (
        {"chunks": [CHUNK], "facts": FRAMES["facts"], "target": FRAMES["facts"]}, {"video": JOINED}, {},
        ("dancenow.video.media", "_next_frame", 3),
    ),
    "mux_video": (
        {"video": SYNTHESIZED, "facts": CLIPS, "generator": GENERATOR, "face": []},
        {"video": RESULT},
        # the last one without a name, as the end of the Snakefile gives it
        {"pose": PAIR, "clip": CLIP, "held": [None], "background": True, "consent": {}, -1: "c0de" * 16},
        ("dancenow.provenance.manifest", "append_xmp", 1),
    ),
}  # fmt: skip


class Named(dict):
    """What Snakemake's input, output and params are to a script."""

    __getattr__ = dict.__getitem__


WILDCARDS = Named(subject="a", target="a", source="a", chunk="1", chunks="1")
CONFIG = {
    "subjects": {"a": {"video": CLIP}},
    "provenance": {
        "certificate": None,
        "key": None,
        "require_consent": False,
        "use": "private",
        "mark": True,
    },
}


def kill_at(module, name, count):
    """Send this process SIGKILL when the function is called for the `count`th time."""
    *owner, name = name.split(".")
    place = import_module(module)
    for part in owner:
        place = getattr(place, part)
    function, left = getattr(place, name), [count]

    def reached(*given, **named):
        left[0] -= 1
        if not left[0]:
            if name == "replace":  # as if the disk had only got half of it
                os.truncate(given[0], os.path.getsize(given[0]) // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)

    setattr(place, name, reached)


def attempt(folder, rule, killed):
    """Run the rule's script in a forked process; returns its exit status, negative for a signal."""
    given, made, params, place = STAGES[rule]
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
        if killed:
            kill_at(*place)
        job = Named(
            input=Named(given), output=Named(made), params=Named(params), wildcards=WILDCARDS,
            config=CONFIG, log=[f"{rule}.log"], threads=1,
        )  # fmt: skip
        code = 0
        try:
            runpy.run_path(str(ROOT / "workflow_scripts" / f"{rule}.py"), {"snakemake": job})
        except SystemExit as ended:
            code = ended.code
        finally:
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # its ffmpeg, as when a whole job is killed
    return status


def snapshot(folder):
    """path -> [SHA-256, time of change] of every file in results/."""
    return {
        str(path.relative_to(folder)): [
            hashlib.sha256(path.read_bytes()).hexdigest(),
            path.stat().st_mtime_ns,
        ]
        for path in (folder / "results").rglob("*")
        if path.is_file()
    }


def kill_and_repeat(folder, rule):
    before = snapshot(folder)
    statuses = [attempt(folder, rule, killed=True)]
    between = snapshot(folder)
    statuses.append(attempt(folder, rule, killed=False))
    return {"statuses": statuses, "before": before, "between": between, "after": snapshot(folder)}


if __name__ == "__main__":
    import_libraries()
    killed, whole = map(Path, sys.argv[1:])
    told = {rule: kill_and_repeat(killed, rule) for rule in STAGES}
    sys.stdout.write(json.dumps([told, [attempt(whole, rule, killed=False) for rule in STAGES]]))
