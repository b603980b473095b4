"""What the detector needs, and what it refuses, without training anything."""

import json

import pytest
from test_dag import PAIR, WHOLE

from running import planned_jobs, said

VERDICT = "results/alice_as_brunomars.authenticity.json"
REPORT = "results/authenticity/report.json"
MORE = (
    "subjects={carol: {video: data/carol.mp4}, dora: {video: data/carol.mp4}}",
    "authenticity={heldout: [carol_as_dora]}",
)


def test_a_result_is_judged_by_what_its_own_pair_taught(workflow):
    asked = {"reencode_clip": 1, "train_detector": 1, "test_detector": 1, "judge_video": 1}
    assert planned_jobs(workflow("-n", VERDICT)) == WHOLE | asked


def test_a_clip_is_judged_as_it_would_be_written(workflow):
    planned = planned_jobs(workflow("-n", "results/brunomars.authenticity.json"))
    assert planned["reencode_clip"] == 2 and planned["judge_video"] == 1 and "mux_video" not in planned


def test_held_out_people_are_synthesised_but_not_learned_from(workflow):
    completed = workflow("--detailed-summary", REPORT, "--config", *MORE)
    header, *lines = (line.split("\t") for line in completed.stdout.splitlines())
    rows = [dict(zip(header, line, strict=False)) for line in lines]
    inputs = {row["rule"]: set(row["input-file(s)"].split(",")) for row in rows}
    learned = {"results/authenticity/alice.mp4", "results/synthesis/alice_as_brunomars.mp4"}
    heldout = {
        *("results/authenticity/carol.mp4", "results/authenticity/dora.mp4"),
        "results/synthesis/carol_as_dora.mp4",
    }
    assert learned <= inputs["train_detector"] and not heldout & inputs["train_detector"]
    assert heldout <= inputs["test_detector"] and not learned & inputs["test_detector"]


def test_settings_reach_the_rules_and_a_new_seed_trains_again(workflow):
    assert workflow(REPORT, "--config", *MORE).returncode == 0
    made = workflow.directory / "results" / "authenticity"
    trained = json.loads((made / "detector.safetensors").read_text())
    assert trained == {"pairs": ["alice_as_brunomars"], "steps": 200, "seed": 0}
    tested = json.loads((made / "report.json").read_text())
    assert tested["real"] == ["carol", "dora"] and tested["fake"] == ["carol_as_dora"]
    assert tested["control"] == ["carol", "dora"]
    assert planned_jobs(workflow("-n", REPORT, "--config", *MORE)) == {}
    again = workflow("-n", REPORT, "--config", *MORE, "authenticity={heldout: [carol_as_dora], seed: 1}")
    assert planned_jobs(again) == {"train_detector": 1, "test_detector": 1}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "authenticity={heldout: [brunomars_as_alice]}",
            ["alice, brunomars is in authenticity.train", "add a"],
        ),
        ("authenticity={heldout: [carol_as_dora]}", ["authenticity.heldout", "'carol'", "alice, brunomars"]),
        ("authenticity={train: [alice]}", ["authenticity.train", "{target}_as_{source}"]),
        ("authenticity={held_out: []}", ["authenticity", "did you mean 'heldout'"]),
    ],
)
def test_a_mistake_is_named_in_one_line(workflow, setting, words):
    completed = workflow("-n", PAIR, "--config", setting)
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if line.startswith("config:"))
    assert all(word in message for word in words), message
