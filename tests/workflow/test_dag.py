"""What runs, what runs again, and what does not."""

from running import planned_jobs, run_snakemake

PAIR = "results/alice_as_brunomars.mp4"
CAROL = "subjects={carol: {video: data/carol.mp4}}"
WHOLE = {
    "probe_clip": 2, "extract_frames": 2, "choose_estimator": 1, "detect_poses": 2, "track_performer": 2,
    "find_camera": 2, "measure_normalization": 2, "normalize_poses": 1, "choose_perceptual": 1,
    "steady_target": 1, "mask_performer": 1, "make_background": 1,
    "make_references": 1, "choose_references": 1, "train_generator": 1, "synthesize_frames": 1,
    "mux_video": 1,
}  # fmt: skip
REAL_PIXELS = {"mask_performer", "make_references", "choose_references"}


def test_whole_dance_is_one_job_per_stage_and_clip(workflow):
    assert planned_jobs(workflow("-n", PAIR)) == WHOLE


def test_second_run_has_nothing_to_do(transferred):
    # as a user calls it; forks of one process also order what is in a set alike
    assert planned_jobs(run_snakemake(transferred.directory, "-n", PAIR, root=transferred.root)) == {}


def test_training_parameter_reruns_training_onwards_only(transferred):
    changed = planned_jobs(transferred("-n", PAIR, "--config", "train={learning_rate: 0.001}"))
    assert changed == {"train_generator": 1, "synthesize_frames": 1, "mux_video": 1}


def test_changed_steps_make_no_references_again_and_another_holdout_does(transferred):
    steps = planned_jobs(transferred("-n", PAIR, "--config", "train={steps: 9}"))
    assert steps["train_generator"] == 1 and not REAL_PIXELS & steps.keys()
    holdout = planned_jobs(transferred("-n", PAIR, "--config", "train={holdout: 0.3}"))
    assert holdout.keys() > REAL_PIXELS


def test_a_preview_needs_no_training(workflow):
    preview = planned_jobs(workflow("-n", "results/previews/alice_as_brunomars.mp4"))
    trained = {"choose_perceptual", "train_generator", "synthesize_frames", "mux_video"}
    left = {rule: count for rule, count in WHOLE.items() if rule not in trained}
    assert preview == left | {"preview_transfer": 1}


def test_imported_keypoints_need_no_detection_for_their_masks(workflow):
    (workflow.directory / "data/own").mkdir()
    (workflow.directory / "data/own/a_000000000000_keypoints.json").write_text("{}")
    own = "subjects={alice: {video: data/alice.mp4, poses: data/own}}"
    jobs = planned_jobs(workflow("-n", PAIR, "--config", own))
    assert (jobs["mask_performer"], jobs["detect_poses"], jobs["import_poses"]) == (1, 1, 1)


def test_pose_parameter_leaves_frames_and_detection_alone(transferred):
    changed = planned_jobs(transferred("-n", PAIR, "--config", "pose={window: 0.3}"))
    assert not {"probe_clip", "extract_frames", "detect_poses", "choose_estimator"} & changed.keys()
    assert changed["track_performer"] == 2


def test_second_source_reuses_the_model(transferred):
    second = planned_jobs(transferred("-n", "results/alice_as_carol.mp4", "--config", CAROL))
    assert "train_generator" not in second
    assert second["synthesize_frames"] == 1
    assert second["detect_poses"] == 1


def test_two_sources_train_once(workflow):
    both = planned_jobs(workflow("-n", PAIR, "results/alice_as_carol.mp4", "--config", CAROL))
    assert both["train_generator"] == 1
    assert both["mux_video"] == 2


def test_transfer_never_reads_the_truth(workflow):
    (workflow.directory / "data" / "alice_as_brunomars.truth.mp4").unlink()
    assert planned_jobs(workflow("-n", PAIR)) == WHOLE


def test_own_clips_on_the_command_line(workflow):
    subjects = "subjects={x: {video: data/carol.mp4}, y: {video: data/alice.mp4}}"
    assert planned_jobs(workflow("-n", "results/x_as_y.mp4", "--config", subjects)) == WHOLE


def test_every_rule_has_a_log_and_a_benchmark(transferred):
    made = transferred.directory
    assert {path.name for path in (made / "benchmarks" / "rules").iterdir()} == WHOLE.keys()
    lines = transferred("--detailed-summary", PAIR).stdout.splitlines()
    header = lines[0].split("\t")
    rows = [dict(zip(header, line.split("\t"), strict=False)) for line in lines[1:]]
    assert rows and all(row["log-file(s)"].startswith(f"logs/{row['rule']}/") for row in rows)


def test_training_takes_every_core_so_that_nothing_runs_beside_it(workflow):
    printed = workflow("-n", "-p", PAIR).stdout
    block = printed[printed.index("rule train_generator") :]
    assert "threads: 2" in block.split("\n\n")[0]


def test_presets_and_the_user_over_them(transferred):
    def trained_with(*arguments):
        """The settings that a training gets; of what is before it, only what is missing is made."""
        alone = ("--allowed-rules", "train_generator", "halve_footage")
        completed = transferred("results/models/alice/settings.json", *alone, *arguments)
        assert completed.returncode == 0, completed.stderr
        return transferred.settings("results/models/alice")

    smoke = trained_with("--config", "preset=smoke")
    assert smoke["generator"]["channels"] == 8
    assert smoke["generator"]["background"] is True  # not named by the preset, so config.yaml's
    mine = trained_with("--config", "preset=smoke", "train={steps: 7, generator: {channels: 12}}")
    assert (mine["steps"], mine["generator"]["channels"]) == (7, 12)
    overlay = transferred.directory / "mine.yaml"
    overlay.write_text("preset: paper\ntrain: {generator: {channels: 16}}\n")
    paper = trained_with("--configfile", str(overlay))
    assert paper["generator"]["channels"] == 16
    assert (paper["generator"]["n_blocks"], paper["generator"]["background"]) == (9, False)
