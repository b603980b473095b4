"""What can go and what stays, and how much of each kind a finished run keeps."""

import json

import numpy as np
import pytest

from dancenow.cluster.storage import clean
from dancenow.errors import InputError
from stored import KINDS, measure, minutes_of, names_of

FILES = {  # MB
    "results/frames/anna.avi": 8, "results/frames/tango.avi": 4, "results/frames/waltz.avi": 2,
    "results/poses/anna.npz": 1, "results/poses/tango.npz": 1, "results/poses/anna_as_tango.npz": 1,
    "results/poses/tango.people.npz": 1, "results/models/anna/generator.safetensors": 9,
    "results/models/anna/best.safetensors": 9, "results/models/anna/run/previews/step-000010.png": 3,
    "results/models/anna/face/generator.safetensors": 3, "results/models/ben/run/last.pt": 7,
    "results/synthesis/anna_as_tango.mp4": 2,
    "results/synthesis/anna_as_waltz.mp4": 2, "results/anna_as_tango.mp4": 2,
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """A batch half done: waltz has no pose yet, ben is still being trained, anna_as_waltz has no video."""
    for path, size in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(bytes(size * 10**6))
    for name, frames in (("anna", 3000), ("tango", 1500), ("waltz", 750)):
        np.save(tmp_path / f"results/frames/{name}.index.npy", np.zeros((frames, 2), np.int64))
        (tmp_path / f"results/frames/{name}.json").write_text(json.dumps({"fps": "25/1"}))
    return tmp_path


def left(run):
    return {path for path in FILES if (run / path).exists()}


def test_what_costs_a_training_or_is_not_finished_stays(run):
    lines = clean(run, stay=["ben"])
    assert set(FILES) - left(run) == {
        "results/frames/tango.avi",
        "results/models/anna/run/previews/step-000010.png",
        "results/synthesis/anna_as_tango.mp4",
    }
    assert lines == [
        "frames of sources: 1 deleted, 4.0 MB",
        "synthesized frames: 1 deleted, 2.0 MB",
        "previews of trainings: 1 deleted, 3.0 MB",
        "freed: 9.0 MB",
    ]


def test_a_target_of_the_configuration_keeps_its_frames_before_its_first_training(run):
    clean(run, stay=["tango"])
    assert "results/frames/tango.avi" in left(run)


def test_what_the_detector_learned_from_stays(run):
    clean(run, stay=["anna_as_tango"])
    assert "results/synthesis/anna_as_tango.mp4" in left(run)


def test_cleaning_twice_finds_nothing_the_second_time(run):
    clean(run, stay=[])
    assert clean(run, stay=[])[-1] == "freed: 0.0 MB"


def test_sizes_are_means_and_of_a_minute(run):
    assert names_of(run) == {
        "clip": ["anna", "tango", "waltz"],
        "target": ["anna"],
        "pair": ["anna_as_tango"],
    }
    assert minutes_of(run, "clip", "anna") == 2 and minutes_of(run, "pair", "anna_as_tango") == 1
    sizes = {kind.name: measure(run, kind) for kind in KINDS}
    # 14 MB of 3 clips, three and a half minutes together
    assert sizes["frames"] == pytest.approx((1, 14 / 3, 4))
    assert sizes["networks"] == pytest.approx((3, 21, 10.5))
    assert sizes["synthesized frames"] == pytest.approx((1, 2, 2))


def test_a_folder_without_a_finished_run_is_named(tmp_path):
    with pytest.raises(InputError, match="no finished clip in results"):
        measure(tmp_path, KINDS[0])
