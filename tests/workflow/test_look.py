"""The targets that show what became of a clip, and the choice of the performer."""

from running import planned_jobs

TARGETS = "results/overlays/alice.mp4", "results/figures/alice.people.png"
CLIP = {"probe_clip": 1, "extract_frames": 1, "choose_estimator": 1, "detect_poses": 1}


def test_an_overlay_and_a_contact_sheet_need_no_transfer(workflow):
    wanted = CLIP | {"plot_people": 1, "find_camera": 1, "track_performer": 1, "overlay_skeleton": 1}
    assert planned_jobs(workflow("-n", *TARGETS)) == wanted


def test_another_performer_is_tracked_without_a_new_detection(workflow):
    assert workflow(*TARGETS).returncode == 0
    changed = planned_jobs(workflow("-n", *TARGETS, "--config", "subjects={alice: {performer: 2}}"))
    assert changed == {"track_performer": 1, "overlay_skeleton": 1}


def test_an_unknown_performer_is_refused(workflow):
    completed = workflow("-n", *TARGETS, "--config", "subjects={alice: {performer: biggest}}")
    assert completed.returncode
    said = completed.stderr + completed.stdout
    assert "config: subjects.alice.performer: biggest: largest, left, right, center, or a person" in said
