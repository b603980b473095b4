"""The paper's three stages in the DAG: which run, and which run again."""

import json

from test_dag import PAIR, REAL_PIXELS, WHOLE

from running import planned_jobs, said

PAPER = ("--config", "preset=paper")
STAGES = {"halve_footage": 1, "train_enhancer": 1, "train_face": 1}
ONWARDS = {"synthesize_frames": 1, "mux_video": 1}
MODEL = "results/models/alice/"


def planned(workflow, *train):
    return planned_jobs(workflow("-n", PAIR, *PAPER, *train))


def check_inputs(workflow):
    """Each stage takes what the one before has made, and the whole synthesizes."""
    lines = workflow("--detailed-summary", PAIR, *PAPER).stdout.splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:]]
    inputs = {row["rule"]: row["input-file(s)"].split(",") for row in rows}
    assert "results/frames/alice.half.avi" in inputs["train_generator"]
    first = {f"{MODEL}generator.safetensors", f"{MODEL}discriminator.safetensors"}
    assert first <= set(inputs["train_enhancer"])
    for rule in ("train_face", "synthesize_frames"):
        assert f"{MODEL}enhancer/generator.safetensors" in inputs[rule]
    assert f"{MODEL}face/generator.safetensors" in inputs["synthesize_frames"]


def check_settings(workflow):
    """Each stage has its own settings, as published."""
    first, second, face = (
        json.loads((workflow.directory / MODEL / part / "settings.json").read_text())["settings"]
        for part in ("", "enhancer", "face")
    )
    assert [each["epochs"] for each in (first, second, face)] == [5, 30, 5]
    assert [each["weights"]["perceptual"] for each in (first, second, face)] == [10, 20, 10]
    assert second["enhancer"] == {"channels": 32, "n_blocks": 3} and face["face"] == {"size": 128}
    assert face["generator"] == {"channels": 64, "n_downsample": 3, "n_blocks": 5}
    assert all(each["learning_rate"] == 2e-4 and each["ema"] == 0 for each in (first, second, face))


def test_three_stages_each_run_again_by_themselves_and_what_follows(workflow):
    jobs = planned(workflow)
    left_out = {"make_background"} | REAL_PIXELS
    assert jobs == {key: count for key, count in WHOLE.items() if key not in left_out} | STAGES
    assert workflow(PAIR, *PAPER).returncode == 0
    check_inputs(workflow)
    check_settings(workflow)
    assert planned(workflow) == {}
    assert planned_jobs(workflow("-n", f"{MODEL}face/summary.md", *PAPER)) == {"summarise_stage": 1}
    assert planned(workflow, "train={face: {epochs: 6}}") == {"train_face": 1} | ONWARDS
    assert planned(workflow, "train={face: null}") == ONWARDS
    later = {"train_enhancer": 1, "train_face": 1} | ONWARDS
    assert planned(workflow, "train={enhancer: {epochs: 6}}") == later
    assert planned(workflow, "train={learning_rate: 0.001}") == {"train_generator": 1} | later


def test_an_enhancer_of_our_own_generator_is_refused(workflow):
    refused = workflow("-n", PAIR, *PAPER, "train={generator: {background: true}}")
    assert refused.returncode != 0
    assert "train.enhancer: needs a generator with `background: false` and `unshuffle: 1`" in said(refused)
