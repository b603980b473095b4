"""Keypoints of the user's own, through the real chain, and out again."""

import json

import numpy as np

import keypoint_files as files
from clips import film
from dancenow.keypoints import INDEX, load_people
from performers import STANDING, performer
from running import fork_snakemake, said

FRAMES = 12
# 4:3 becomes 1:1, so scale and crop take part
OWN = ("--config", "frames={long_edge: 64}", "subjects={alice: {video: clip.mp4, poses: own}}")


def dancer():
    """(FRAMES, 133, 3) float64 of a figure in a clip of 192 x 144, three decimals."""
    return performer(FRAMES, 192, 144, tall=90).keypoints.astype(np.float64).round(3)


def bring(folder):
    folder.mkdir()
    for frame, person in enumerate(dancer()):
        content = {"people": [files.json_person(person, face=None)]}
        (folder / f"dance_{frame:012d}_keypoints.json").write_text(json.dumps(content))


def test_own_keypoints_are_refused_in_one_line_when_damaged_else_used_and_exported(tmp_path):
    film(tmp_path / "clip.mp4", [np.full((144, 192, 3), 90, np.uint8)] * FRAMES)
    bring(tmp_path / "own")
    spoilt = tmp_path / "own" / "dance_000000000007_keypoints.json"
    whole = spoilt.read_text()
    spoilt.write_text(whole[:50])
    completed = fork_snakemake(tmp_path, "results/poses/alice.npz", *OWN)
    assert completed.returncode == 1
    # Snakemake repeats the log of a job that fails
    (line,) = {line for line in completed.stderr.splitlines() if line.startswith("error: ")}
    assert "own/dance_000000000007_keypoints.json" in line and "not JSON" in line
    assert not (tmp_path / "results" / "poses").exists() or not any((tmp_path / "results/poses").iterdir())

    spoilt.write_text(whole)
    arguments = ("results/openpose/alice", *OWN, "pose={smoothing: none}")
    completed = fork_snakemake(tmp_path, *arguments)
    assert completed.returncode == 0, said(completed)
    people = load_people(tmp_path / "results/poses/alice.people.npz")
    assert (people.estimator, people.checkpoint) == ("openpose-body25", "imported")
    assert (people.width, people.height, people.count) == (64, 64, FRAMES)
    exported = sorted((tmp_path / "results/openpose/alice").glob("*.json"))
    assert [path.name for path in exported] == [f"alice_{i:012d}_keypoints.json" for i in range(FRAMES)]
    for person, path in zip(dancer(), exported, strict=True):
        body = np.reshape(json.loads(path.read_text())["people"][0]["pose_keypoints_2d"], (25, 3))
        for place, k in enumerate(files.BODY_25):
            if isinstance(k, int):
                assert body[place].tolist() == person[k].tolist()
    assert {INDEX[name] for name in STANDING} == set(np.flatnonzero(people.keypoints[0, :, 2]).tolist())
