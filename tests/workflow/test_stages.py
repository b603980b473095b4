"""The paper's three stages in the DAG: which run, and which run again."""

import json

import pytest
from test_dag import PAIR, WHOLE

from running import planned_jobs, said

PAPER = ("--config", "preset=paper")
STAGES = {"halve_footage": 1, "train_enhancer": 1, "train_face": 1}
ONWARDS = {"synthesize_frames": 1, "mux_video": 1}


def planned(workflow, *train):
    return planned_jobs(workflow("-n", PAIR, *PAPER, *train))


def test_the_paper_has_three_stages_and_no_plate(workflow):
    assert planned(workflow) == {key: n for key, n in WHOLE.items() if key != "make_plate"} | STAGES


def test_each_stage_runs_again_by_itself_and_what_follows_it(workflow):
    assert workflow(PAIR, *PAPER).returncode == 0
    assert planned(workflow) == {}
    assert planned(workflow, "train={face: {epochs: 6}}") == {"train_face": 1} | ONWARDS
    assert planned(workflow, "train={face: null}") == ONWARDS
    later = {"train_enhancer": 1, "train_face": 1} | ONWARDS
    assert planned(workflow, "train={enhancer: {epochs: 6}}") == later
    assert planned(workflow, "train={learning_rate: 0.001}") == {"train_generator": 1} | later


def test_what_was_trained_paints(workflow):
    assert workflow(PAIR, *PAPER).returncode == 0
    lines = workflow("--detailed-summary", PAIR, *PAPER).stdout.splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:]]
    inputs = {row["rule"]: row["input-file(s)"] for row in rows}
    model = "results/models/alice/"
    assert "results/frames/alice.half.avi" in inputs["train_generator"]
    assert {f"{model}generator.safetensors", f"{model}discriminator.safetensors"} <= set(
        inputs["train_enhancer"].split(",")
    )
    for rule in ("train_face", "synthesize_frames"):
        assert f"{model}enhancer/generator.safetensors" in inputs[rule]
    assert f"{model}face/generator.safetensors" in inputs["synthesize_frames"]


def test_settings_of_a_stage_are_its_own(workflow):
    assert workflow("results/models/alice/face/settings.json", *PAPER).returncode == 0
    models = workflow.directory / "results/models/alice"
    first, second, face = (
        json.loads((models / part / "settings.json").read_text())["settings"]
        for part in ("", "enhancer", "face")
    )
    assert [each["epochs"] for each in (first, second, face)] == [5, 30, 5]
    assert [each["weights"]["perceptual"] for each in (first, second, face)] == [10, 20, 10]
    assert second["enhancer"] == {"channels": 32, "blocks": 3} and face["face"] == {"size": 128}
    assert face["generator"] == {"channels": 64, "downs": 3, "blocks": 5}
    assert all(each["learning_rate"] == 2e-4 and each["ema"] == 0 for each in (first, second, face))


@pytest.mark.parametrize("network", ["{plate: true}", "{unshuffle: 2}"])
def test_an_enhancer_of_our_own_generator_is_refused(workflow, network):
    refused = workflow("-n", PAIR, *PAPER, f"train={{generator: {network}}}")
    assert refused.returncode != 0
    assert "train.enhancer: takes a generator with `plate: false` and `unshuffle: 1`" in said(refused)
