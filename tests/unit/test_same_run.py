"""What a job reads is of one run, or one line names two files that are not."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dancenow.camera.path import save_path
from dancenow.camera.view import save_view
from dancenow.errors import InputError
from dancenow.evaluation.series import save_series
from dancenow.files import write_json
from dancenow.job import job
from dancenow.keypoints import People, save_people, save_pose
from dancenow.pose.masks import MaskPacker, save_masks
from dancenow.references.body_parts import PARTS
from dancenow.references.choice import Choice
from dancenow.references.files import save_bank, save_choice
from dancenow.references.making import make_bank
from dancenow.same_run import require_one_run
from dancenow.training.train_target import _real_pixels
from performers import footage, performer
from running import ROOT
from tripod import still_path, still_view

COUNT, USED = 5, 3
SIZE = 192, 128


def people(path, count):
    pose = performer(1, *SIZE)
    one = {key: getattr(pose, key) for key in ("fps", "width", "height", "estimator", "checkpoint")}
    save_people(path, People(pose.keypoints, np.zeros(1, np.int32), count, **one))


def masks(path, count):
    packer = MaskPacker(*SIZE)
    for _ in range(count):
        packer.add(None)
    save_masks(path, packer.packed())


def view(path, count, used=USED):
    seen = still_view(used, *SIZE)
    save_view(path, replace(seen, count=count))


def bank(count):
    shown = performer(count, *SIZE, tall=100)
    return make_bank(
        footage(shown), shown, np.full((count, *SIZE[::-1]), 255, np.uint8), footage(shown)[0], 3
    )


def choice(path, count):
    shown = performer(count, *SIZE)
    save_choice(path, Choice(*np.zeros((2, count, len(PARTS), 1), np.int16)), bank(3), shown.keypoints)


def pose(path, count):
    save_pose(path, performer(count, *SIZE))


# {file of the source b or of the target a: how it is written with so many frames}
OF_SOURCE = {
    "frames/b.json": lambda path, count: write_json(
        path, {"frames": count, "width": SIZE[0], "height": SIZE[1]}
    ),
    "poses/b.people.npz": people,
    "masks/b.found.npz": masks,
    "camera/b.npz": lambda path, count: save_path(path, still_path(count, *SIZE)),
    "poses/b.npz": pose,
    "poses/a_as_b.npz": pose,
    "poses/a_as_b.unnormalized.npz": pose,
    "references/a_as_b.npz": choice,
    "references/a_as_b.unnormalized.npz": choice,
    "metrics/a_as_b.frames.npz": lambda path, count: save_series(path, {"result": {"ssim": np.ones(count)}}),
    "metrics/a_as_b.full.seed1.frames.npz": lambda path, count: save_series(
        path, {"result": {"ssim": np.ones(count)}}
    ),
    "steady/b.npz": view,
}
OF_TARGET = {
    "poses/a.steady.npz": pose,
    "masks/a.npz": masks,
    "references/a.npz": lambda path, count: save_bank(path, bank(count), performer(count, *SIZE), 3),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The input of a job that reads everything, all of one run; the working folder is its own."""
    monkeypatch.chdir(tmp_path)
    for folder in ("frames", "poses", "masks", "camera", "references", "metrics", "steady", "normalization"):
        (tmp_path / "results" / folder).mkdir(parents=True)
    for files, count in ((OF_SOURCE, COUNT), (OF_TARGET, USED)):
        for name, write in files.items():
            write(f"results/{name}", count)
    view("results/steady/a.npz", 9)
    given = {name: f"results/{name}" for name in (*OF_SOURCE, *OF_TARGET)}
    return given | {"more": ["results/frames/b.avi", "results/steady/a.npz", "data/b.mp4"], "none": []}


@pytest.mark.parametrize("name", [*OF_SOURCE, *OF_TARGET])
@pytest.mark.parametrize("more", [-1, 1])
def test_a_file_of_other_frames_is_named(run, name, more):
    require_one_run(run)
    count = (COUNT if name in OF_SOURCE else USED) + more
    (OF_SOURCE | OF_TARGET)[name](f"results/{name}", count)
    told = rf"results/{re.escape(name)} {count} frames|^results/{re.escape(name)} holds {count} frames"
    with pytest.raises(InputError, match=told) as refused:
        require_one_run(run)
    assert "; they are not of one run: delete both" in str(refused.value)


OF_ONE_SIZE = ["frames/b.json", "poses/b.people.npz", "masks/b.found.npz", "camera/b.npz", "poses/b.npz"]
OF_ONE_SIZE += [
    "masks/a.npz",
    "references/a.npz",
    "poses/a.steady.npz",
    "poses/a_as_b.npz",
    "normalization/b.json",
]


@pytest.mark.parametrize("name", OF_ONE_SIZE)
def test_a_file_of_another_preset_with_other_pictures_is_named(run, name, monkeypatch):
    monkeypatch.setitem(globals(), "SIZE", (256, 128))
    write = (OF_SOURCE | OF_TARGET | {"normalization/b.json": OF_SOURCE["frames/b.json"]})[name]
    write(f"results/{name}", USED if name in OF_TARGET else COUNT)
    told = (
        rf"results/{re.escape(name)} pictures of 256x128 px|^results/{re.escape(name)} holds pictures of 256x"
    )
    with pytest.raises(InputError, match=told) as refused:
        require_one_run(run | {"statistics": f"results/{name}"})
    assert "; they are not of one run: delete both" in str(refused.value)


def test_a_view_that_uses_other_frames_is_named(run):
    view("results/steady/a.npz", 9, USED + 1)
    with pytest.raises(InputError, match=r"results/steady/a\.npz"):
        require_one_run(run)


@pytest.mark.parametrize("held", ["{}", "{", ""])
def test_a_damaged_or_missing_file_is_left_to_its_reader(run, held):
    for name in (*OF_SOURCE, *OF_TARGET):
        with open(f"results/{name}", "w") as file:
            file.write(held)
    require_one_run(run | {"gone": "results/poses/c.npz"})


def test_every_script_lets_its_job_look(run, tmp_path):
    scripts = [path.read_text() for path in (ROOT / "workflow_scripts").glob("*.py")]
    jobs = [line for text in scripts for line in text.splitlines() if line.startswith("with job(")]
    assert len(jobs) > 50 and all("reads=snakemake.input)" in line for line in jobs)
    masks("results/masks/a.npz", USED - 1)
    with pytest.raises(SystemExit), job(tmp_path / "log", reads=run):
        pytest.fail("the job began")
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith("error: results/") and "results/masks/a.npz 2 frames" in line


@pytest.mark.parametrize("changed", ["holdout", "poses"])
def test_references_of_other_settings_are_refused_by_a_training(tmp_path, changed):
    shown, path = performer(4, *SIZE, tall=100), tmp_path / "a.npz"
    save_bank(path, bank(4), shown, 3)
    inputs = SimpleNamespace(masks=None, pose=tmp_path / "pose.npz", path=lambda name: str(path))
    save_pose(inputs.pose, shown)
    assert _real_pixels(SimpleNamespace(references=True), inputs, shown.fps, 3)
    count, moved = (2, 0) if changed == "holdout" else (3, 1)
    save_pose(inputs.pose, shown.replace(keypoints=shown.keypoints + np.float32([moved, 0, 0])))
    with pytest.raises(
        InputError, match=r"a\.npz: cut from other frames or poses than those of this run; del"
    ):
        _real_pixels(SimpleNamespace(references=True), inputs, shown.fps, count)
