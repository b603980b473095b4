"""What a job reads is of one run, or one line names two files that are not."""

import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dancenow.camera.path import save_path, still_path
from dancenow.camera.view import save_view, still_view
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


def choice(path, count):
    save_choice(path, Choice(*np.zeros((2, count, len(PARTS), 1), np.int16)))


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
OF_TARGET = {"poses/a.steady.npz": pose, "masks/a.npz": masks}


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
OF_ONE_SIZE += ["masks/a.npz", "poses/a.steady.npz", "poses/a_as_b.npz", "normalization/b.json"]


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


def test_references_cut_from_more_frames_than_a_training_has_are_refused(tmp_path):
    shown, path = performer(3, 192, 128, tall=100), tmp_path / "a.npz"
    whole = np.full((3, 128, 192), 255, np.uint8)
    save_bank(path, make_bank(footage(shown), shown, whole, footage(shown)[0], 3))
    inputs = SimpleNamespace(masks=None, path=lambda name: str(path))
    last = int(_real_pixels(SimpleNamespace(references=True), inputs, 25, 3).bank.frames.max())
    with pytest.raises(InputError, match=rf"a\.npz: cut from frame {last}, .* has {last} frames; delete it"):
        _real_pixels(SimpleNamespace(references=True), inputs, 25, last)
