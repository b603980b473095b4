"""The configuration and the command: refused before anything runs."""

import bad_clips as clips
from bad_rows import Bad, clip

FRAMES = "results/frames/anna.json"
GOOD = {"video": "clips/good.mp4"}
CONFIG = [
    Bad("absent", "a missing clip",
        "error: clips/absent.mp4: no such file; put it there or correct config: subjects.anna",
        subject=clip("absent")),
    Bad("dangling", "a link to a missing clip",
        "error: clips/dangling.mp4: no such file; put it there or correct config: subjects.anna",
        make=clips.dangling, subject=clip("dangling")),
    Bad("loop", "a link to itself",
        "clips/loop.mp4: Too many levels of symbolic links; correct config: subjects.anna",
        make=clips.loop, subject=clip("loop")),
    Bad("absent-poses", "missing keypoints",
        "error: own/absent: no such file; put it there or correct config: subjects.anna.poses",
        subject=GOOD | {"poses": "own/absent"}, target="results/poses/anna.npz"),
    Bad("two-videos", "both `video` and `clips`",
        "config: subjects.anna: …: give either one video, with its start, end and crop, or a list of clips, "
        "each with its own", subject=GOOD | {"clips": [GOOD]}),
    Bad("source", "a source of several clips",
        "results/alice_as_anna.mp4: alice_as_anna: anna has several clips and can only be a target, because "
        "the dance of a source must not be interrupted; give the source one `video`",
        subject={"clips": [GOOD, GOOD]}, target="results/alice_as_anna.mp4"),
    Bad("stranger", "a target that names an unknown subject",
        "results/alice_as_ana.mp4: alice_as_ana: 'ana' is not one of the subjects (…); did you mean 'anna'?",
        target="results/alice_as_ana.mp4"),
    Bad("transfer", "a transfer of an unknown subject",
        "config: transfers: anna_as_bob: 'bob' is not one of the subjects (…); add it with its video to "
        "subjects in config.yaml", config={"transfers": ["anna_as_bob"]}),
    Bad("grammar", "a transfer that is not a pair",
        "config: transfers.0: anna and bob: not a transfer; write {target}_as_{source}",
        config={"transfers": ["anna and bob"]}),
    Bad("truth", "scores of a pair without a ground truth",
        "config: evaluation.truth: no footage is named for alice_as_anna; a transfer without one cannot be "
        "scored", target="results/metrics/alice_as_anna.json"),
    Bad("absent-truth", "a missing ground truth",
        "error: clips/truth.mp4: no such file; put it there or correct config: "
        "evaluation.truth.alice_as_anna", target="results/metrics/alice_as_anna.json",
        config={"evaluation": {"truth": {"alice_as_anna": "clips/truth.mp4"}}}),
    Bad("typo", "a misspelt key",
        "config: train.stepps: unknown key; did you mean 'steps'?", config={"train": {"stepps": 5}}),
    Bad("dotted", "a key with that of its section, as people write it in text",
        "config: train.steps: unknown key; write train: and below it, or in braces, steps",
        config="train.steps: 5\n"),
    Bad("comma", "a comma in a number",
        "config: train.2: unknown key; in braces a comma ends a value: write 0.5, not 0,5, and a list as "
        "[1, 2]", config="train: {holdout: 0,2}\n"),
    Bad("moved", "a key of an earlier version that has moved",
        "config: train.devices: moved to hardware.devices", config={"train": {"devices": 2}}),
    Bad("type", "a word instead of a number",
        "config: train.steps: 'many' is not a whole number (Optimiser steps)",
        config={"train": {"steps": "many"}}),
    Bad("preset", "an unknown preset",
        "config: preset: 'fast' is not one of: smoke, quick, demo, studio, paper", config={"preset": "fast"}),
    Bad("escape", "a subject name that would lead out of results/",
        "config: subjects: ../../etc: not a valid subject name; use lower-case letters, digits and single "
        "hyphens between them, at most 80", config={"subjects": {"../../etc": GOOD}}),
    Bad("two-names", "two invalid names",
        "config: subjects: …: not a valid subject name; use lower-case letters, digits and single hyphens "
        "between them, at most 80", config={"subjects": {"Bob Smith": GOOD, "b_as_c": GOOD}}),
    Bad("edge", "a working size that is not a multiple of 32",
        "config: frames.long_edge: 200 is not a multiple of 32", config={"frames": {"long_edge": 200}}),
    Bad("window", "a smoothing window of so many frames, not seconds",
        "config: pose.window: 5 is greater than the maximum of 2", config={"pose": {"window": 5}}),
    Bad("rate", "a frame rate out of range",
        "config: subjects.anna.fps: 1000 is greater than the maximum of 240", subject=GOOD | {"fps": 1000}),
    Bad("cut-poses", "your own keypoints for part of a clip",
        "config: subjects.anna.poses: keypoints of your own belong to one whole clip; cut the clip first and "
        "leave out: start", subject=GOOD | {"poses": "own", "start": 1}),
    Bad("no-proof", "a consent whose file is missing",
        "clips/anna.pdf: cannot be read (No such file or directory); put it there or correct config: "
        "subjects.anna.consent.file", target="results/alice_as_anna.mp4",
        config={"provenance": {"require_consent": True}},
        subject=GOOD | {"consent": {"who": "Anna A.", "when": "2026-03-01", "use": "publish",
                                    "file": "clips/anna.pdf"}}),
    Bad("yaml", "a configuration that is not YAML",
        "Config file is not valid JSON or YAML. In case of YAML, make sure to not mix whitespace and tab "
        "indentation.", config="a: [1,\n b: }\n"),
    Bad("twice", "a key that stands twice, of which YAML drops one",
        "config: …/mine.yaml: line 2: the key train stands twice in one place; keep one of the two",
        config="train: {steps: 5}\ntrain: {batch: 2}\n"),
    Bad("section", "a section without keys",
        "config: train: empty; write its keys below it, as config.yaml does", config="train:\n"),
    Bad("no-keys", "an empty map for a stage that the preset leaves out",
        "config: train.face: lacks steps, …; write all of its keys: …", config={"train": {"face": {}}}),
    Bad("listed", "a list where names with their keys are expected",
        "config: subjects: ['anna', 'alice'] is no map of keys; write its keys below it, as config.yaml does",
        config="subjects: [anna, alice]\n"),
    Bad("unnamed", "a clip without the key `video`",
        "config: subjects.anna: 'anna.mp4' is no map of keys; write its keys below it, as config.yaml does",
        config="subjects: {anna: anna.mp4}\n"),
    Bad("infinite", "a number that is none",
        "config: train.learning_rate: not a finite number; write one",
        config="train: {learning_rate: .nan}\n"),
    Bad("presets", "a list of presets",
        "config: preset: ['demo'] is not one of: smoke, quick, demo, studio, paper",
        config="preset: [demo]\n"),
]  # fmt: skip
