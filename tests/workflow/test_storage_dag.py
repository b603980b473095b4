"""After cleaning, nothing that is asked for trains again."""

import shutil

from running import ROOT, planned_jobs, said

PAIR = "results/alice_as_brunomars.mp4"
LATER = (
    "results/metrics/alice_as_brunomars.json",
    "results/metrics/alice.heldout.json",
    "results/figures/alice_as_brunomars.png",
    "results/figures/alice_as_brunomars.normalization.png",
    "results/reports/alice_as_brunomars.html",
    "results/overlays/alice_as_brunomars.mp4",
    "results/overlays/alice.mp4",
    "results/overlays/brunomars.mp4",
)
CAROL = "subjects={carol: {video: data/carol.mp4}}"


def test_a_cleaned_folder_trains_nothing_again(transferred):
    shutil.copy(ROOT / "workflow_scripts/clean_intermediate.py", transferred.root / "workflow_scripts")
    preview = transferred.directory / "results/models/alice/run/previews/step-000010.png"
    preview.parent.mkdir(parents=True)
    preview.write_text("a preview")

    # the detector of fakes learns from synthesized frames, which therefore stay where it is to be trained
    cleaned = transferred("clean_intermediate", "--config", "authenticity={train: []}")
    assert cleaned.returncode == 0 and "freed: " in said(cleaned)
    frames = transferred.directory / "results/frames"
    assert not (frames / "brunomars.avi").exists() and not preview.exists()
    assert not (transferred.directory / "results/synthesis/alice_as_brunomars.mp4").exists()
    assert (frames / "alice.avi").exists() and (transferred.directory / PAIR).exists()

    assert planned_jobs(transferred("-n", PAIR)) == {}
    second = planned_jobs(transferred("-n", "results/carol_as_brunomars.mp4", "--config", CAROL))
    assert second["detect_poses"] == 1  # carol: the source's pose is still there
    assert "train_generator" not in planned_jobs(transferred("-n", *LATER))

    # frames that were made again are newer than all that came of the first ones
    assert transferred(*LATER).returncode == 0
    assert (frames / "brunomars.avi").exists()
    assert planned_jobs(transferred("-n", PAIR)) == {}
    assert planned_jobs(transferred("-n", "clean_intermediate")) == {"clean_intermediate": 1}
