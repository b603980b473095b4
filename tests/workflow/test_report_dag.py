"""The reports come before any training, and whatever the later stages refuse."""

from running import planned_jobs

FOUND = {
    "probe_clip": 2, "extract_frames": 2, "choose_estimator": 1, "detect_poses": 2, "find_camera": 2,
}  # fmt: skip


def test_reports_need_frames_people_and_camera_only(workflow):
    wanted = "results/reports/alice.html", "results/reports/alice_as_brunomars.json"
    assert planned_jobs(workflow("-n", *wanted)) == FOUND | {"report_footage": 1, "report_pair": 1}


def test_the_overlay_of_a_pair_needs_no_training(workflow):
    planned = planned_jobs(workflow("-n", "results/overlays/alice_as_brunomars.mp4"))
    later = {
        "track_performer": 2,
        "steady_target": 1,
        "measure_normalization": 2,
        "normalize_poses": 1,
        "overlay_normalization": 1,
    }
    assert planned == FOUND | later


def test_a_report_takes_the_settings_of_the_stages(workflow):
    for name in ("alice", "brunomars"):
        frames = f"frames/{name}.avi", f"frames/{name}.json"
        for path in (*frames, f"poses/{name}.people.npz", f"camera/{name}.npz"):
            made = workflow.directory / "results" / path
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text("found")
    report = "results/reports/alice_as_brunomars.json"
    chosen = "subjects={alice: {video: data/alice.mp4, performer: left}}"
    settings = "pose={window: 0.3}", "train={generator: {background: false, references: false}}"
    completed = workflow(report, "--allowed-rules", "report_pair", "--config", chosen, *settings)
    assert completed.returncode == 0, completed.stderr
    params = workflow.directory.joinpath(report).read_text()
    assert '"window": 0.3' in params and '"background": false' in params
    assert params.index('"performer": "left"') < params.index('"performer": "largest"')
