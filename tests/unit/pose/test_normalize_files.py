"""The normalisation from file to file: what is written, what is warned of, what is refused."""

import logging

import numpy as np
import pytest

from dancenow.camera.path import save_path
from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.keypoints import load_pose, save_pose
from dancenow.pose.normalize import normalize_pose
from dancenow.pose.normalize_files import PairFiles, measure_normalization_file, normalize_pair
from tripod import still_path
from walkers import FRAMES, performer, wander, without, write_pair


@pytest.fixture
def files(tmp_path):
    return write_pair(tmp_path)


def test_a_pair_of_files_is_normalized_as_its_poses_are(files, caplog):
    caplog.set_level(logging.INFO)
    normalize_pair(PairFiles(*files[:5]), files[5])
    assert "scale 1.600 to 1.600" in caplog.text and "warning" not in caplog.text
    statistics = read_json(files[2]), read_json(files[4])
    expected, _ = normalize_pose(load_pose(files[0]), *statistics)
    assert np.array_equal(load_pose(files[5]).keypoints, expected.keypoints)


@pytest.mark.parametrize(
    ("height", "stride", "jump", "what"),
    [(50, 0, 0, "scale"), (150, 5, 0, "sideways travel is shortened"), (150, 0, 300, "outside")],
)
def test_implausible_results_are_said(files, caplog, height, stride, jump, what):
    x = 1000 + stride * (wander() - 256)
    rise = np.where(np.arange(FRAMES) % 50 < 8, jump, 0)
    save_pose(files[0], performer(height, 1000, x, width=2000, frame_height=2000, rise=rise))
    measure_normalization_file(*files[:3])
    normalize_pair(PairFiles(*files[:5]), files[5])
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"warning: {files[5]}: ")
    assert what in warnings[0]


def test_a_dancer_who_reaches_wider_than_the_target_is_left_in_its_middle(files, caplog):
    write_json(files[4], read_json(files[4]) | {"width": 24})
    normalize_pair(PairFiles(*files[:5]), files[5])
    assert "reaches wider than the target's frame; the figure stays in its middle" in caplog.text
    hips = load_pose(files[5]).keypoints[:, [11, 12], 0].mean(axis=1)
    assert np.abs(hips - 11.5).max() < 12


def test_two_estimators_are_refused(files):
    save_pose(files[0], performer(150, 300).replace(estimator="other"))
    with pytest.raises(InputError, match="source.npz"):
        normalize_pair(PairFiles(*files[:5]), files[5])
    assert not files[5].exists()


def test_a_head_leaves_no_statistics(tmp_path):
    pose = without(performer(200, 400), slice(None), "left_ankle", "left_elbow", "left_hip")
    save_pose(tmp_path / "anna.npz", pose)
    save_path(tmp_path / "camera.npz", still_path(len(pose.keypoints), pose.width, pose.height))
    with pytest.raises(InputError, match="^anna: "):
        measure_normalization_file(tmp_path / "anna.npz", tmp_path / "camera.npz", tmp_path / "anna.json")
    assert not (tmp_path / "anna.json").exists()
