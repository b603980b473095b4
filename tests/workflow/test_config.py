"""Mistakes in the configuration or on the command line: one line that names the key and the remedy."""

import json

import pytest
import yaml

from running import ROOT, planned_jobs, said

PAIR = "results/alice_as_brunomars.mp4"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--config", "train={learnin_rate: 0.1}"],
            ["train.learnin_rate: unknown key; did you mean 'learning_rate'?"],
        ),
        (["--config", f"train={{seed: {10**19}}}"], ["train.seed", "greater than the maximum"]),
        (
            ["--config", "preset=smoke", "train={face: {xyz: 1}}"],
            ["train.face.xyz: unknown key; the keys there are steps, epochs, learning_rate"],
        ),
        (["--config", "xyz=1"], ["config: xyz: unknown key; the keys there are preset, subjects"]),
        (["--config", "train={stills: 0.5}"], ["train.stills: renamed to single_frame_share"]),
        (
            ["--config", "variants={bare: {train: {generator: {plate: false}}}}"],
            ["variants.bare: train.generator.plate: renamed to background"],
        ),
        (["--config", "synthesis={chunks: 3}"], ["config: synthesis.chunks: moved to hardware.chunks"]),
        # what would be made a job each, or layer by layer, without end
        (["--config", "hardware={chunks: 1000000}"], ["hardware.chunks: 1000000 is greater than"]),
        (["--config", "train={generator: {n_blocks: 1000000}}"], ["n_blocks: 1000000 is greater than"]),
        # pictures and windows are multiples of 32 px
        (
            ["--config", "train={generator: {n_downsample: 5}}"],
            ["config: train.generator: unshuffle 2 and n_downsample 5 shrink a picture to 1 / 64", "1 / 32"],
        ),
        (
            ["--config", "variants={deep: {train: {generator: {unshuffle: 4, n_downsample: 4}}}}"],
            ["config: variants.deep.train.generator: unshuffle 4 and n_downsample 4"],
        ),
        (["--config", "train={face: {steps: 100}}"], ["train.face: lacks epochs, learning_rate, weights"]),
        # what Snakemake's own update of a configuration would leave out in silence
        (["--config", "train={enhancer: {}}"], ["train.enhancer: lacks epochs, learning_rate, weights"]),
        (["--config", "train={steps: {}}"], ["train.steps: {} is not a whole number (Optimiser steps)"]),
        (["--config", "transfers={}"], ["config: transfers: {} is not a list, as [one, two]"]),
        (["--config", "subjects={alice: {video: {}}}"], ["config: subjects.alice.video: {} is not text"]),
        (["--config", "presets={mine: {preset: smoke}}"], ["presets.mine: preset: no preset holds another"]),
        (["--config", "preset={}"], ["config: preset: {} is not one of: smoke, quick"]),
        (["--config", "train={temporal: null}"], ["config: train.temporal: null is not true or false"]),
        (["--config", "provenance={label: off}"], ["config: provenance.label: false is not one of: none, t"]),
        (["--config", "presets={mine: [1]}"], ["config: presets.mine: [1] is no map of keys"]),
        (["--config", "preset=studoi"], ["preset", "studoi", "smoke, quick, demo, studio, paper"]),
        (
            ["--config", "evaluation={truth: {alice_as_brunomars.mp4: a.mp4}}"],
            ["evaluation.truth: alice_as_brunomars.mp4: not a transfer; write {target}_as_{source}"],
        ),
        (["--config", "frames={long_edge: 500}"], ["frames.long_edge", "500", "32"]),
        (["--config", "train={steps: 2.5}"], ["train.steps: 2.5 is not a whole number (Optimiser steps)"]),
        (["--config", "train={steps: 100.0}"], ["train.steps: 100.0 is not a whole number"]),
        (["--config", "subjects={x: {video: x.mp4, start: 0:01}}"], ["x.start: '0:01' is not a number (Sec"]),
        (
            ["--config", "subjects={x: {video: x.mp4, crop: [0, 0, 64.0, 64]}}"],
            ["x.crop.2: 64.0 is not a wh"],
        ),
        (["--config", "hardware={devices: two}"], ["hardware.devices: two: auto, or how many processes"]),
        (["--config", "transfers=alice_as_brunomars"], ["transfers: ", "is not a list, as [one, two] (The "]),
        (["--config", f"subjects={{{'lang' * 25}: {{video: x.mp4}}}}"], ["subjects: langlang", "at most 80"]),
        (["--config", "train={steps: 0}"], ["train.steps", "minimum"]),
        (["--config", "subjects={Bob_1: {video: x.mp4}}"], ["subjects", "Bob_1"]),
        (["--config", "subjects={bob: {vidoe: x.mp4}}"], ["subjects.bob", "vidoe", "did you mean 'video'"]),
        (["--config", "transfers=[alice_as_bob]"], ["transfers", "alice_as_bob", "alice, brunomars"]),
        (["--config", "pose={estimator: openpose}"], ["pose.estimator", "openpose"]),
        (
            ["--config", "train={generator: {background: false}}"],
            ["train.generator.references: needs a background", "references to false"],
        ),
        (
            ["--config", "variants={bare: {train: {generator: {background: false}}}}"],
            ["variants.bare.train.generator.references: "],
        ),
        # what is left would be a loss of nothing, in the single frames or in all steps
        (
            ["--config", "train={weights: {perceptual: 0, l1: 0}}"],
            ["train.weights: perceptual and l1 are both 0", "train.single_frame_share"],
        ),
        (
            ["--config", "preset=smoke", "train={face: {weights: {gan: 0, perceptual: 0, l1: 0}}}"],
            ["train.face.weights: all"],
        ),
        (
            ["--config", "variants={bare: {train: {weights: {perceptual: 0, l1: 0}}}}"],
            ["variants.bare.train.weights: perceptual and l1"],
        ),
    ],
)
def test_mistake_in_config_is_named(workflow, arguments, words):
    completed = workflow("-n", PAIR, *arguments)
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if line.startswith("config:"))
    assert all(word in message for word in words), message
    assert not (workflow.directory / "results").exists()


def test_typo_in_the_file_itself(workflow):
    config = workflow.root / "config.yaml"
    config.write_text(config.read_text().replace("long_edge: 512 ", "longedge: 512 ", 1))
    completed = workflow("-n", PAIR)
    assert completed.returncode != 0
    assert "config: frames.longedge: unknown key; did you mean 'long_edge'?" in said(completed)


def test_unknown_name_in_the_target_file(workflow):
    completed = workflow("-n", "results/alise_as_brunomars.mp4")
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if line.startswith("results/alise"))
    assert "did you mean 'alice'" in message and "subjects" in message


def test_unknown_name_in_a_file_of_one_clip(workflow):
    completed = workflow("-n", "results/poses/alise.people.npz")
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if "'alise'" in line)
    assert "is not one of the subjects (alice, brunomars); did you mean 'alice'?" in message


def test_missing_clip_names_the_file(workflow):
    (workflow.directory / "data" / "alice.mp4").unlink()
    completed = workflow("-n", PAIR)
    assert completed.returncode != 0
    assert "data/alice.mp4" in said(completed)


@pytest.mark.parametrize("preset", ["smoke", "quick", "demo", "studio", "paper"])
def test_every_preset_is_valid(workflow, preset):
    assert workflow("-n", PAIR, "--config", f"preset={preset}").returncode == 0


def test_a_changed_copy_of_the_whole_file_is_taken_in_its_place_and_undoes_no_preset(workflow):
    mine, text = workflow.directory / "mine.yaml", (workflow.root / "config.yaml").read_text()
    mine.write_text(text.replace("  brunomars: {", "  bruno: {", 1).replace("as_brunomars", "as_bruno"))
    model, pair = "results/models/alice", "results/alice_as_bruno.mp4"
    for given, steps in ((["preset=smoke"], 20), (["preset=smoke", "train={steps: 7}"], 7)):
        made = workflow(pair, "--configfile", str(mine), "--config", *given)
        assert made.returncode == 0 and workflow.settings(model)["steps"] == steps, said(made)
    refused = workflow("-n", PAIR, "--configfile", str(mine))
    assert "'brunomars' is not one of the subjects (alice, bruno)" in said(refused)


def test_without_its_file_or_the_end_of_it_one_line_says_so(workflow):
    config = workflow.root / "config.yaml"
    config.write_text(config.read_text().partition("\npresets:")[0])
    assert "config: top level: lacks presets; write all of its keys: preset, " in said(workflow("-n", PAIR))
    config.unlink()
    refused = workflow("-n", PAIR)
    told = f"config: {config}: cannot be read (No such file or directory); put the file back\n"
    assert refused.returncode == 1 and told in said(refused)


def test_presets_of_the_user_s_own_file_are_added_and_change_others(workflow):
    mine = workflow.directory / "mine.yaml"
    mine.write_text("presets:\n  tiny: {frames: {long_edge: 128}}\n  smoke: {frames: {long_edge: 160}}\n")
    for preset, edge in (("tiny", 128), ("smoke", 160)):
        given = "--configfile", str(mine), "--config", f"preset={preset}"
        made = workflow("results/frames/alice.json", *given)
        assert made.returncode == 0, said(made)
        told = json.loads((workflow.directory / "results/frames/alice.json").read_text())
        assert told["long_edge"] == edge
    mine.write_text("presets: {tiny: {frames: {longedge: 128}}}\n")
    refused = workflow("-n", PAIR, "--configfile", str(mine), "--config", "preset=tiny")
    assert "config: frames.longedge: unknown key; did you mean 'long_edge'?" in said(refused)


def test_clips_of_the_user_s_own_file_take_the_place_of_the_video_and_the_reverse(workflow):
    wanted, mine = "results/clips/alice.json", workflow.directory / "mine.yaml"
    mine.write_text("subjects: {alice: {clips: [{video: data/carol.mp4}, {video: data/alice.mp4}]}}")
    made = workflow(wanted, "--configfile", str(mine))
    assert made.returncode == 0 and "data/carol.mp4" in (workflow.directory / wanted).read_text(), said(made)
    config = workflow.root / "config.yaml"
    config.write_text(config.read_text().replace("{video: data/alice.mp4,", "{clips: [{video: a.mp4}],", 1))
    assert planned_jobs(workflow("-n", wanted, "--config", "subjects={alice: {video: data/alice.mp4}}"))


def test_another_clip_under_a_known_name_inherits_no_cuts_and_the_same_one_keeps_them(workflow):
    wanted, mine = workflow.directory / "results/clips/anna.json", workflow.directory / "mine.yaml"
    mine.write_text("subjects: {anna: {video: data/alice.mp4, start: 2, crop: [0, 0, 64, 64]}}")
    for given, cut in (
        ("{video: ./data/alice.mp4, end: 3}", True),
        ("{end: 3}", True),
        ("{video: data/carol.mp4}", False),
        ("{clips: [{video: data/carol.mp4}, {video: data/alice.mp4}]}", False),
    ):
        made = workflow(
            "results/clips/anna.json", "--configfile", str(mine), "--config", f"subjects={{anna: {given}}}"
        )
        assert made.returncode == 0 and ('"start": 2' in wanted.read_text()) == cut, said(made)


def test_the_files_of_the_signer_are_missed_before_a_training_and_not_after_it(workflow, monkeypatch):
    monkeypatch.setenv("HOME", str(workflow.directory))
    (workflow.directory / "chain.pem").touch()
    for given, told in (
        ("certificate: ~/chain.pem", "config: provenance: certificate and key belong together; give both or"),
        ("certificate: ~/chain.pem, key: k.pem", "k.pem: no such file; put it there or correct config: prov"),
    ):
        refused = workflow("-n", PAIR, "--config", f"provenance={{{given}}}")
        assert refused.returncode == 1 and told in said(refused)
    (workflow.directory / "k.pem").touch()
    assert planned_jobs(workflow("-n", PAIR, "--config", f"provenance={{{given}}}"))


def test_every_key_of_the_schema_is_described():
    schema = yaml.safe_load((ROOT / "schemas" / "config.schema.yaml").read_text())

    def check(node, path):
        for name, child in node.get("properties", {}).items():
            described = "description" in child or "properties" in child
            assert described, f"{path}.{name} has no description"
            takes_typos = child.get("type") == "object" and "additionalProperties" not in child
            assert not takes_typos, f"{path}.{name} takes typos"
            check(child, f"{path}.{name}")

    assert schema["additionalProperties"] is False
    check(schema, "config")


@pytest.mark.parametrize(("one", "other"), [("20240501", "007"), ("no", "2024-05-01")])
def test_a_name_that_yaml_reads_as_something_else_stays_a_name(workflow, one, other):
    mine = workflow.directory / "mine.yaml"
    mine.write_text(
        f"subjects:\n  {one}: {{video: data/alice.mp4}}\n  {other}: {{video: data/brunomars.mp4}}\n"
        f"batch: {{targets: [{one}], sources: [{one}, {other}]}}\ntrain: {{init_from: {other}}}\n"
    )
    pair = f"results/{one}_as_{other}.mp4"
    planned = workflow("-n", "batch", "--configfile", str(mine))
    assert planned.returncode == 0, said(planned)
    assert pair in said(planned) and f"results/models/{other}/generator.safetensors" in said(planned)
    subjects = f"subjects={{{one}: {{video: data/alice.mp4}}, {other}: {{video: data/carol.mp4}}}}"
    batch = f"batch={{targets: [{one}], sources: [{other}]}}"
    planned = workflow("-n", "batch", "--config", subjects, batch, f"train={{init_from: {other}}}")
    assert planned.returncode == 0 and pair in said(planned), said(planned)


def test_numbers_are_read_as_people_write_them_and_names_as_they_are(workflow):
    mine = workflow.directory / "mine.yaml"
    consent = "consent: {who: No, when: 2026-05-01, use: publish, file: 7}"
    train = "train: {steps: 1e3, learning_rate: 2e-4, single_frame_share: 5.E-1}"
    mine.write_text(f"subjects: {{alice: {{{consent}}}}}\n{train}\n")
    (workflow.directory / "7").touch()
    planned = workflow("-n", PAIR, "--configfile", str(mine))
    assert planned.returncode == 0, said(planned)
    planned = workflow("-n", PAIR, "--config", "train={steps: 2e-4}")
    assert "config: train.steps: 0.0002 is not a whole number" in said(planned)
    planned = workflow("-n", PAIR, "--config", "train={learning_rate: 1e999}")
    assert "config: train.learning_rate: not a finite number" in said(planned)


def test_days_of_a_consent_need_no_quotes_and_a_wrong_one_is_named(workflow):
    mine = workflow.directory / "mine.yaml"
    for day, words in (("2026-05-01", None), ("1.5.2026", "subjects.alice.consent.when")):
        mine.write_text(f"subjects: {{alice: {{consent: {{who: A., when: {day}, use: publish}}}}}}")
        planned = workflow("-n", PAIR, "--configfile", str(mine))
        assert (planned.returncode == 0) == (words is None), said(planned)
        assert words is None or (words in said(planned) and "YYYY-MM-DD" in said(planned)), said(planned)


def test_a_file_from_a_windows_editor_is_read_and_one_that_is_not_utf8_ends_as_documented(workflow):
    mine, text = workflow.directory / "mine.yaml", "subjects:\r\n  bob: {video: data/müller.mp4}\r\n"
    (workflow.directory / "data/müller.mp4").write_text("a clip")
    command = "-n", "results/clips/bob.json", "--configfile", str(mine)
    mine.write_bytes(text.encode("utf-8-sig"))
    assert planned_jobs(workflow(*command)) == {"probe_clip": 1}
    for encoding in ("latin-1", "utf-16"):
        mine.write_bytes(text.encode(encoding))
        refused = workflow(*command)
        assert refused.returncode == 1
        told = "UnicodeDecodeError: 'utf-8' codec"
        assert any(line.startswith(told) for line in said(refused).splitlines())
        assert f"`{told}`: save the file as UTF-8" in " ".join((ROOT / "docs/errors.md").read_text().split())


@pytest.mark.parametrize("text", ["train: &all {weights: *all}\n", f"transfers: {'[' * 600}{']' * 600}\n"])
def test_a_file_without_end_ends_as_documented_and_in_one_line_where_it_is_the_workflow_s(workflow, text):
    mine, config = workflow.directory / "mine.yaml", workflow.root / "config.yaml"
    mine.write_text(text)
    refused = workflow("-n", PAIR, "--configfile", str(mine))
    assert refused.returncode == 1
    assert any(line.startswith("RecursionError: ") for line in said(refused).splitlines())
    assert "`RecursionError`: an alias" in (ROOT / "docs/errors.md").read_text()
    config.write_text(config.read_text().replace("train:\n", f"{text}train:\n", 1))
    refused = workflow("-n", PAIR)
    told = [line for line in said(refused).splitlines() if line.startswith(f"config: {config}: ")]
    assert refused.returncode == 1 and len(told) == 1, said(refused)


def test_a_name_in_the_file_itself_stays_one_too(workflow):
    config = workflow.root / "config.yaml"
    config.write_text(config.read_text().replace("  alice: {", "  007: {", 1).replace("alice_as", "007_as"))
    planned = workflow("-n", "results/007_as_brunomars.mp4")
    assert planned.returncode == 0, said(planned)
    assert "data/alice.mp4" not in said(planned) and "results/models/007/" in said(planned)
