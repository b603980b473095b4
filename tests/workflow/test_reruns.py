"""What runs again is decided by what code does and files hold, not by dates and places."""

import json
import os
import shutil
import time

import pytest
from stand_in import calling, make_workflow

from running import planned_jobs, said

PAIR = "results/alice_as_brunomars.mp4"
CLIP_FACTS = "results/clips/brunomars.json"
FUTURE = time.time() + 10**8
BEFORE = time.time() - 10**6
# what only the generator's training decides
TRAINED = {"train_generator": 1, "synthesize_frames": 1, "mux_video": 1}
# what the dance decides, after its clip is decoded
DANCED = {
    "detect_poses": 1, "find_camera": 1, "track_performer": 1, "measure_normalization": 1,
    "normalize_poses": 1, "choose_references": 1, "synthesize_frames": 1, "mux_video": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run."""
    workflow = make_workflow(tmp_path_factory.mktemp("made"))
    assert workflow(PAIR).returncode == 0
    return workflow


@pytest.fixture
def copied(made, tmp_path):
    """The finished run somewhere else, with the dates of the copying."""
    for name in ("workflow", "work"):
        place = getattr(made, {"workflow": "root", "work": "directory"}[name])
        shutil.copytree(place, tmp_path / name, copy_function=shutil.copyfile)
    return calling(tmp_path / "workflow", tmp_path / "work")


def edit(workflow, module, old, new):
    path = workflow.root / "workflow_scripts/dancenow" / module
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_place_dates_comments_and_docstrings_do_not_count(copied):
    files = sorted((copied.directory / "results").rglob("*.*"), key=lambda path: path.stat().st_mtime_ns)
    for age, path in enumerate(files):
        os.utime(path, (BEFORE - age, BEFORE - age))  # the first result is the newest
    shutil.rmtree(copied.directory / "benchmarks")
    edit(copied, "training/trainer.py", "import", "# a comment\nimport")
    edit(copied, "training/adam.py", '"""', '"""Other words. ')
    for path in [*copied.root.rglob("*.py"), *(copied.directory / "data").iterdir()]:
        os.utime(path, (FUTURE, FUTURE))
    assert planned_jobs(copied("-n", PAIR)) == {}


def test_results_without_their_record_are_told_of_before_they_are_made_again(copied):
    remedy = "copy .snakemake as well"
    shutil.rmtree(copied.directory / ".snakemake")
    assert said(copied("-n", PAIR)).count(remedy) == 1
    touched = copied("--touch", PAIR)
    assert touched.returncode == 0 and said(touched).count(remedy) == 1
    completed = copied("-n", PAIR)
    assert planned_jobs(completed) == {} and remedy not in said(completed)


def test_another_clip_counts_though_it_is_older(copied):
    clip = copied.directory / "data/brunomars.mp4"
    clip.write_text("b clip")
    os.utime(clip, (0, 0))
    assert planned_jobs(copied("-n", PAIR)) == {"probe_clip": 1, "extract_frames": 1, **DANCED}
    # an interrupted run goes on where it was
    assert copied("results/frames/brunomars.json").returncode == 0
    assert planned_jobs(copied("-n", PAIR)) == DANCED
    assert copied("--touch", PAIR).returncode == 0
    assert planned_jobs(copied("-n", PAIR)) == {}


def test_a_clip_replaced_while_the_run_goes_on_is_told_to_the_jobs_that_follow(workflow):
    """By the hash of the clip that the run began with; the next run makes all of it again."""
    script = workflow.root / "workflow_scripts/normalize_poses.py"
    replaces = "from pathlib import Path\nPath('data/brunomars.mp4').write_text('exported again')\n"
    script.write_text(replaces + script.read_text())
    assert workflow(PAIR).returncode == 0
    began, ended = (json.loads((workflow.directory / file).read_text()) for file in (CLIP_FACTS, PAIR))
    assert began["held"] == ended["held"]
    assert planned_jobs(workflow("-n", PAIR)) == {"probe_clip": 1, "extract_frames": 1, **DANCED}


def test_a_clip_dated_in_the_future_is_taken(workflow):
    os.utime(workflow.directory / "data/alice.mp4", (FUTURE, FUTURE))
    completed = workflow("results/frames/alice.avi")
    assert completed.returncode == 0, said(completed)
    assert planned_jobs(workflow("-n", "results/frames/alice.avi")) == {}


def test_a_clock_that_was_a_day_ahead_costs_no_result(copied):
    """Snakemake refuses an output that is older than its input as "clock skew", and deletes it."""
    tomorrow = time.time() + 86400
    for path in (copied.directory / "results").rglob("*.*"):
        os.utime(path, (tomorrow, tomorrow))
    settings = ["--config", "train={learning_rate: 1.0e-4}"]
    completed = copied(PAIR, *settings)
    assert completed.returncode == 0, said(completed)
    assert planned_jobs(completed) == TRAINED
    assert planned_jobs(copied("-n", PAIR, *settings)) == {}


def test_a_clip_may_lie_elsewhere_or_be_gone_once_it_is_decoded(copied):
    clip = copied.directory / "data/brunomars.mp4"
    clip.rename(copied.directory / "dance.mp4")
    frames = "results/frames/brunomars.avi"
    assert planned_jobs(copied("-n", frames, "--config", "subjects={brunomars: {video: dance.mp4}}")) == {}
    assert planned_jobs(copied("-n", "results/poses/brunomars.npz")) == {}


def test_code_deep_in_the_imports_counts_where_it_is_imported(copied):
    edit(copied, "training/adam.py", "return", "unused = 0\n    return")
    assert planned_jobs(copied("-n", PAIR)) == TRAINED


def test_a_changed_proof_of_a_consent_signs_again_and_makes_nothing_else(copied):
    proof = copied.directory / "proof.pdf"
    proof.write_bytes(b"signed in May")
    given = "{who: Alice A., when: 2026-05-01, use: publish, file: proof.pdf}"
    asked = (PAIR, "--config", f"subjects={{alice: {{consent: {given}}}}}")
    assert copied(*asked).returncode == 0
    os.utime(proof, (FUTURE, FUTURE))
    assert planned_jobs(copied("-n", *asked)) == {}
    proof.write_bytes(b"signed in June")
    assert planned_jobs(copied("-n", *asked)) == {"mux_video": 1}
    proof.unlink()
    assert "proof.pdf: cannot be read (No such file or directory); put it there" in said(copied("-n", *asked))
