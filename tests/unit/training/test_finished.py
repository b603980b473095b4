"""A training that was finished is not repeated while what it was made of stays the same."""

import os
import shutil
import signal
from pathlib import Path

import pytest

import tiny_training
from dancenow.errors import InputError
from dancenow.files import read_json, sha256, write_json
from dancenow.training import finished
from dancenow.training.launch import Placement
from dancenow.training.paths import StageInputs, StageOutputs

MADE = tuple(tiny_training.OUTPUTS.values())


class Trainings:
    """train_once in a folder of inputs; each training that takes place writes its number into the results."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.count = folder, 0
        monkeypatch.setattr(finished, "train_on_devices", self.train)

    def train(self, inputs, outputs, *_):
        self.count += 1
        for file in MADE:
            (self.folder / file).parent.mkdir(exist_ok=True)
            (self.folder / file).write_text(f"{file} of training {self.count}")

    def __call__(self, code="the code", **changes):
        """As Snakemake calls the job, which deletes the results before."""
        for file in MADE:
            (self.folder / file).unlink(missing_ok=True)
        inputs = {name: self.folder / file for name, file in tiny_training.INPUTS.items()}
        outputs = {name: self.folder / file for name, file in tiny_training.OUTPUTS.items()}
        finished.train_once(
            StageInputs.of(inputs), StageOutputs.of(outputs), tiny_training.settings(**changes),
            tiny_training.HOLDOUT, Placement(1), self.folder / "log", code,
        )  # fmt: skip

    def shown(self):
        """The training that the results are of."""
        (number,) = {int((self.folder / file).read_text().rpartition(" ")[2]) for file in MADE}
        return number


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    tiny_training.write_inputs(folder := tmp_path_factory.mktemp("inputs"))
    return folder


@pytest.fixture
def trainings(inputs, tmp_path, monkeypatch):
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    return Trainings(tmp_path, monkeypatch)


def test_what_comes_out_the_same_again_trains_nothing_again(trainings):
    trainings()
    for file in trainings.folder.glob("*.*"):  # made again, with another date
        again = shutil.copy(file, file.with_suffix(".again"))
        os.replace(again, file)
    facts = read_json(trainings.folder / "a.json")
    facts["clips"][0]["file"] = "moved.mp4"
    write_json(trainings.folder / "a.json", facts)
    began = os.stat(trainings.folder / "a.json").st_mtime_ns
    for _ in range(2):
        trainings()
        assert (trainings.count, trainings.shown()) == (1, 1)
        assert all(os.stat(trainings.folder / file).st_mtime_ns >= began for file in MADE)


def changed_cuts(folder):
    write_json(folder / "a.json", read_json(folder / "a.json") | {"cuts": [5]})


CHANGES = {
    "frames": lambda folder: (folder / "a.avi").open("ab").write(b"more"),
    "cuts": changed_cuts,
    "references": lambda folder: (folder / "references.npz").write_bytes(b"others"),
    # a file is one with the one that is kept
    "a damaged result": lambda folder: (folder / MADE[0]).open("ab").write(b"damage"),
    "what is kept": lambda folder: (folder / "model/finished/origin.json").write_text("{"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_other_content_trains_anew(trainings, change):
    trainings()
    change(trainings.folder)
    trainings()
    assert (trainings.count, trainings.shown()) == (2, 2)


def test_other_settings_or_code_train_anew_and_a_stopped_one_loses_nothing(trainings, monkeypatch):
    trainings()
    trainings(code="other code")
    trainings(seed=8)
    assert trainings.shown() == 3
    with monkeypatch.context() as stopped:
        stopped.setattr(finished, "train_on_devices", interrupt)
        with pytest.raises(KeyboardInterrupt):
            trainings(seed=9)
    trainings(seed=8)
    assert (trainings.count, trainings.shown()) == (3, 3)


def test_ctrl_c_at_its_end_costs_no_finished_training(trainings, monkeypatch):
    monkeypatch.setattr(finished, "sha256", lambda path: os.kill(os.getpid(), signal.SIGINT) or sha256(path))
    with monkeypatch.context() as calm:
        calm.setattr(finished, "_origin", lambda *_: "origin")
        trainings()
    assert trainings.shown() == 1 and (trainings.folder / "model/finished/origin.json").exists()


def test_a_full_disk_costs_no_finished_training(trainings, monkeypatch):
    monkeypatch.setattr(finished, "write_json", lambda path, _: write_on_full_disk(path))
    trainings()
    assert trainings.shown() == 1


def write_on_full_disk(path):
    raise InputError(
        f"{path}: cannot be written (No space left on device); free space on its disk and run again"
    )


def interrupt(*_):
    raise KeyboardInterrupt


def test_what_is_kept_takes_no_room_and_a_disk_without_links_keeps_nothing(trainings, monkeypatch):
    trainings()
    kept = trainings.folder / "model/finished"
    assert {file.name for file in kept.iterdir()} == {"origin.json", *(Path(file).name for file in MADE)}
    assert all((kept / Path(file).name).samefile(trainings.folder / file) for file in MADE)

    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    trainings()  # as copied from a disk with links
    assert (trainings.count, trainings.shown()) == (1, 1)
    trainings()
    assert (trainings.count, trainings.shown()) == (2, 2)
