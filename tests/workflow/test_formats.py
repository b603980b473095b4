"""A subject with keypoints of its own is not detected; any pose can be exported."""

import os

from running import planned_jobs, said

PAIR = "results/alice_as_brunomars.mp4"
OWN = ("--config", "subjects={alice: {video: data/alice.mp4, poses: data/own}}")


def own_keypoints(workflow):
    folder = workflow.directory / "data" / "own"
    folder.mkdir()
    (folder / "a_0_keypoints.json").write_text("{}")
    return folder


def test_own_keypoints_take_the_place_of_detection(workflow):
    own_keypoints(workflow)
    planned = planned_jobs(workflow("-n", PAIR, *OWN))
    assert planned["import_poses"] == 1 and planned["detect_poses"] == 1
    alone = planned_jobs(workflow("-n", "results/normalization/alice.json", *OWN))
    assert alone["import_poses"] == 1
    assert not {"detect_poses", "choose_estimator"} & alone.keys()


def test_missing_keypoints_are_named_and_not_replaced_by_detection(workflow):
    completed = workflow("-n", PAIR, *OWN)
    assert completed.returncode != 0
    assert "data/own" in said(completed) and "import_poses" in said(completed)


def test_keypoints_that_an_export_would_overwrite_are_refused(workflow):
    own = "subjects={alice: {video: data/alice.mp4, poses: ./results/openpose/alice}}"
    completed = workflow("-n", "results/openpose/alice", "--config", own)
    assert completed.returncode != 0
    message = next(line for line in said(completed).splitlines() if line.startswith("config:"))
    assert "subjects.alice.poses" in message and "copy" in message


def test_a_keypoint_file_that_changes_is_imported_again(workflow):
    folder = own_keypoints(workflow)
    people = "results/poses/alice.people.npz"
    assert workflow(people, *OWN).returncode == 0
    assert planned_jobs(workflow("-n", people, *OWN)) == {}
    (file,) = folder.iterdir()
    file.touch()
    assert planned_jobs(workflow("-n", people, *OWN)) == {}
    file.write_text("[]")
    os.utime(file, (0, 0))
    assert planned_jobs(workflow("-n", people, *OWN)) == {"import_poses": 1}


def test_export_of_a_clip_and_of_a_pair(workflow):
    clip, pair = "results/openpose/alice", "results/openpose/alice_as_brunomars"
    planned = planned_jobs(workflow("-n", clip, pair))
    assert planned["export_openpose"] == 2 and planned["normalize_poses"] == 1
    assert "train_generator" not in planned
    unknown = workflow("-n", "results/openpose/alice_as_bruno")
    assert unknown.returncode != 0 and "did you mean 'brunomars'" in said(unknown)


def test_own_keypoints_belong_to_one_whole_clip(workflow):
    own = "subjects={alice: {video: data/alice.mp4, poses: data/own, start: 2}}"
    completed = workflow("-n", "results/poses/alice.npz", "--config", own)
    assert completed.returncode != 0
    assert "subjects.alice.poses" in said(completed) and "leave out: start" in said(completed)
