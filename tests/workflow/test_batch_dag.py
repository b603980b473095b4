"""Many pairs at once: what is planned, and how far a broken clip reaches."""

import yaml

from dancenow.cluster.batch_summary import CLIP_STAGES, FIRST_STAGES, LATER_STAGES, PAIR_STAGES
from running import ROOT, planned_jobs, said

BATCH = "batch={targets: [alice, carol], sources: [alice, brunomars]}"
CAROL = "subjects={carol: {video: data/carol.mp4}}"
PAIRS = ("alice_as_brunomars", "carol_as_alice", "carol_as_brunomars")


def test_two_targets_and_two_sources_are_two_trainings_and_every_pair_of_two(workflow):
    planned = planned_jobs(workflow("-n", "batch", "--config", CAROL, BATCH))
    assert (planned["train_generator"], planned["mux_video"], planned["detect_poses"]) == (2, 3, 3)
    # and the summary knows each of the stages
    assert planned.keys() - {"batch"} <= {*CLIP_STAGES, *FIRST_STAGES, *LATER_STAGES, *PAIR_STAGES}


def test_the_example_is_a_batch_of_the_demo_pair(workflow):
    (workflow.root / "config").mkdir()
    overlay = workflow.root / "config/batch.yaml"
    overlay.write_text((ROOT / "config/batch.yaml").read_text())
    planned = planned_jobs(workflow("-n", "--configfile", str(overlay), "--", "batch"))
    assert planned["mux_video"] == 1
    assert yaml.safe_load(overlay.read_text()).keys() == {"subjects", "batch"}


def test_a_broken_clip_fails_its_own_pairs_and_the_summary_says_why(workflow):
    script = workflow.root / "workflow_scripts/probe_clip.py"
    refusal = "error: data/brunomars.mp4: not a video; film it again"
    broken = f"    Path(snakemake.log[0]).write_text({refusal!r} + chr(10))\n    raise SystemExit(1)\n"
    script.write_text(f"{script.read_text()}\nif snakemake.wildcards.subject == 'brunomars':\n{broken}")
    completed = workflow("batch", "--keep-going", "--config", CAROL, BATCH)
    assert completed.returncode == 1
    made = [(workflow.directory / f"results/{pair}.mp4").exists() for pair in PAIRS]
    assert made == [False, True, False]
    summary = (workflow.directory / "results/batch.txt").read_text()
    assert summary in said(completed)
    assert summary.splitlines() == [
        "batch: 1 of 3 videos are finished",
        "2 missing: alice_as_brunomars, carol_as_brunomars",
        f"  probe_clip: {refusal.removeprefix('error: ')}",
        "  full log: logs/probe_clip/brunomars.log",
    ]


def test_a_name_in_a_batch_that_is_no_subject_is_named(workflow):
    completed = workflow("-n", "batch", "--config", "batch={targets: [alise], sources: [brunomars]}")
    assert completed.returncode != 0
    assert "config: batch.targets: 'alise' is not one of the subjects" in said(completed)
    assert "did you mean 'alice'" in said(completed)


def test_the_weights_are_listed_before_anything_else_is_made(workflow):
    planned = planned_jobs(workflow("-n", "results/weights.txt"))
    decisions = ["choose_estimator", "choose_perceptual", "choose_lpips"]
    assert planned == dict.fromkeys([*decisions, "fetch_weights"], 1)
