"""Parts of clips and several clips in the configuration; names that would lead out of results/."""

import json

import jsonschema
import pytest
import yaml

from running import ROOT, planned_jobs, said

HARMLESS = ["alice", "b2", "anna-lisa", "7"]
HARMFUL = [
    "../x",
    "a/b",
    "/etc",
    "..",
    ".",
    "a.b",
    "",
    "-a",
    "a-",
    "a_as_b",
    "a b",
    "bob\n",
    "Bob",
    "{a}",
    "ä",
]


@pytest.fixture(scope="module")
def schema():
    return yaml.safe_load((ROOT / "schemas" / "config.schema.yaml").read_text())


def complaint(schema, subjects):
    """What the schema says of `subjects`, or None."""
    rule = schema["properties"]["subjects"] | {"$defs": schema["$defs"]}
    error = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(rule).iter_errors(subjects))
    return error and error.message


@pytest.mark.parametrize("name", HARMLESS + HARMFUL)
def test_a_name_cannot_lead_out_of_results(name, schema):
    assert (complaint(schema, {name: {"video": "x.mp4"}}) is None) == (name in HARMLESS)


@pytest.mark.parametrize(
    "subject",
    [
        {"video": "x.mp4", "start": 0, "end": 2.5, "fps": 25, "crop": [0, 0, 64, 64]},
        {"fps": 30, "clips": [{"video": "x.mp4", "start": 1}, {"video": "y.mp4", "crop": [0, 0, 64, 64]}]},
    ],
)
def test_what_may_be_said_of_clips(subject, schema):
    assert complaint(schema, {"anna": subject}) is None


@pytest.mark.parametrize(
    "subject",
    [
        {},
        {"clips": []},
        {"video": "x.mp4", "clips": [{"video": "y.mp4"}]},
        {"start": 1, "clips": [{"video": "y.mp4"}]},
        {"clips": [{"video": "y.mp4", "fps": 25}]},
        {"clips": [{"start": 1}]},
        {"video": "{x}.mp4"},
        {"video": "x.mp4", "poses": "{x}"},
        {"video": "x.mp4", "start": -1},
        {"video": "x.mp4", "end": 0},
        {"video": "x.mp4", "fps": 0},
        {"video": "x.mp4", "fps": 1000},
        {"video": "x.mp4", "crop": [0, 0, 64]},
        {"video": "x.mp4", "crop": [-1, 0, 64, 64]},
        {"video": "x.mp4", "crop": [0, 0, 64, 0]},
    ],
)
def test_what_a_subject_may_not_be_is_refused(subject, schema):
    assert complaint(schema, {"anna": subject})


@pytest.mark.parametrize("path, good", [("data/a b.mp4", True), ("{x}.mp4", False), ("", False)])
def test_a_truth_is_a_path_like_a_clip(path, good, schema):
    rule = schema["properties"]["evaluation"]["properties"]["truth"] | {"$defs": schema["$defs"]}
    assert jsonschema.Draft202012Validator(rule).is_valid({"a_as_b": path}) == good


def configured(workflow, subjects, **more):
    """The arguments that lay these subjects over the configuration."""
    path = workflow.directory / "mine.yaml"
    path.write_text(yaml.safe_dump({"subjects": subjects, **more}))
    return "--configfile", str(path)


def refusal(workflow, subjects, target):
    completed = workflow("-n", target, *configured(workflow, subjects))
    assert completed.returncode != 0
    return next(line for line in said(completed).splitlines() if line.startswith(("config:", target)))


def test_video_and_clips_together_are_refused_in_words(workflow):
    both = {"video": "data/alice.mp4", "clips": [{"video": "data/carol.mp4"}]}
    message = refusal(workflow, {"anna": both}, "results/anna_as_brunomars.mp4")
    assert message.startswith("config: subjects.anna: ") and "either one video" in message


TWO = {"clips": [{"video": "data/alice.mp4", "end": 2}, {"video": "data/carol.mp4"}], "fps": 25}


def test_a_source_of_several_clips_is_refused_in_words(workflow):
    message = refusal(workflow, {"anna": TWO}, "results/alice_as_anna.mp4")
    assert "anna has several clips and can only be a target" in message and "`video`" in message


def test_a_changed_part_of_one_of_several_clips_is_cut_again(workflow):
    frames = "results/frames/anna.json"
    assert workflow(frames, *configured(workflow, {"anna": TWO})).returncode == 0
    told = json.loads((workflow.directory / "results/clips/anna.json").read_text())
    assert told["parts"] == [{"end": 2, "fps": 25}, {"fps": 25}]
    changed = TWO | {"clips": [TWO["clips"][0] | {"end": 3}, TWO["clips"][1]]}
    again = planned_jobs(workflow("-n", frames, *configured(workflow, {"anna": changed})))
    assert again == {"probe_clip": 1, "extract_frames": 1}


def test_a_clip_may_have_any_name(workflow):
    name = 'data/-my "best" dance\'s 100% $(touch pwned);\n\\ ä.mp4'
    (workflow.directory / name).write_text("a clip")
    completed = workflow("results/clips/anna.json", *configured(workflow, {"anna": {"video": name}}))
    assert completed.returncode == 0, completed.stderr
    assert not list(workflow.directory.rglob("pwned"))
