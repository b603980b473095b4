"""What the detector needs, and what it refuses, without training anything."""

import json

import pytest
from test_dag import PAIR, WHOLE

from running import planned_jobs, said

VERDICTS = ("results/alice_as_brunomars.authenticity.json", "results/brunomars.authenticity.json")
REPORT = "results/authenticity/report.json"
SUBJECTS = "subjects={carol: {video: data/carol.mp4}, dora: {video: data/carol.mp4}}"
MORE = ("--config", SUBJECTS, "authenticity={heldout: [carol_as_dora]}")


def test_a_result_and_a_clip_are_judged_by_what_the_pair_of_the_configuration_taught(workflow):
    asked = {"reencode_clip": 2, "train_detector": 1, "test_detector": 1, "judge_video": 2}
    assert planned_jobs(workflow("-n", *VERDICTS)) == WHOLE | asked


def inputs_of(workflow, *arguments):
    """{rule: set of its input files} of what has been made."""
    completed = workflow("--detailed-summary", *arguments)
    header, *lines = (line.split("\t") for line in completed.stdout.splitlines())
    rows = [dict(zip(header, line, strict=False)) for line in lines]
    return {row["rule"]: set(row["input-file(s)"].split(",")) for row in rows}


def test_held_out_people_are_tested_on_but_not_learned_from(workflow):
    made = workflow.directory / "results"
    videos = ("frames/alice.avi", "frames/carol.avi", "frames/dora.avi")
    for name in (*videos, "synthesis/alice_as_brunomars.mp4", "synthesis/carol_as_dora.mp4"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("a film")
    rules = ("--allowed-rules", "reencode_clip", "train_detector", "test_detector")
    completed = workflow(REPORT, *rules, *MORE)
    assert completed.returncode == 0, completed.stderr
    trained = json.loads((made / "authenticity" / "detector.safetensors").read_text())
    assert trained == {"pairs": ["alice_as_brunomars"], "steps": 400, "seed": 0}
    tested = json.loads((made / "authenticity" / "report.json").read_text())
    assert tested["real"] == ["carol", "dora"] and tested["fake"] == ["carol_as_dora"]
    assert tested["control"] == ["carol", "dora"]
    inputs = inputs_of(workflow, REPORT, *MORE)
    learned = {"results/authenticity/alice.mp4", "results/synthesis/alice_as_brunomars.mp4"}
    heldout = {
        *("results/authenticity/carol.mp4", "results/authenticity/dora.mp4"),
        "results/synthesis/carol_as_dora.mp4",
    }
    assert learned <= inputs["train_detector"] and not heldout & inputs["train_detector"]
    assert heldout <= inputs["test_detector"] and not learned & inputs["test_detector"]


@pytest.mark.parametrize(
    ("heldout", "words"),
    [
        (
            "brunomars_as_alice",
            ["alice, brunomars is also in authenticity.train", "name a pair of two other"],
        ),
        ("carol_as_dora", ["authenticity.heldout", "'carol'", "alice, brunomars"]),
    ],
)
def test_a_split_that_cannot_be_is_named_in_one_line(workflow, heldout, words):
    completed = workflow("-n", PAIR, "--config", f"authenticity={{heldout: [{heldout}]}}")
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if line.startswith("config:"))
    assert all(word in message for word in words), message
