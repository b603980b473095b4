"""What the gallery measures frame by frame, and the videos that it shows beside the result."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from clips import one_line
from dancenow.errors import InputError
from dancenow.files import read_json, write_json
from dancenow.keypoints import BODY, INDEX, save_pose
from dancenow.pages.gallery import series
from dancenow.pages.gallery.panels import film_skeleton, film_source
from dancenow.pages.gallery.titles import SERIES
from dancenow.pose.draw import draw_skeleton
from dancenow.pose.normalize import measure_normalization
from dancenow.video.media import decode, encode, probe
from performers import footage, performer
from scenes import write_clip

COUNT = 40


def shifted(pose, x):
    """The figure moved by x px to the right."""
    points = pose.keypoints.copy()
    points[points[..., 2] > 0, 0] += x
    return points


def test_pose_series_by_hand():
    asked = performer(4).keypoints
    found = np.stack([shifted(performer(4), 3)[0], *asked[1:]])
    found[2] = 0  # nobody
    found[3, INDEX["left_wrist"]] = 0
    values = series.pose_series(found, asked, 60.0)
    assert values["pose_error"][:2] == pytest.approx([100 * 3 / 60, 0], abs=1e-4)
    assert np.isnan(values["pose_error"][2])
    assert values["missed"] == pytest.approx([0, 0, 100, 100 / np.count_nonzero(asked[3, BODY, 2])])


def test_a_pose_that_was_shown_is_near_and_another_one_beyond_the_limit():
    shown = performer(COUNT, 128, 128, tall=90)
    raised = shown.keypoints.copy()
    for name in ("left_wrist", "right_wrist", "left_elbow", "right_elbow"):
        raised[:20, INDEX[name], 1] -= 60
    distance, limit = series.distance_to_shown(
        shown.replace(keypoints=raised), shown, measure_normalization(shown)
    )
    assert distance[20:] == pytest.approx(0, abs=1e-6)
    assert (distance[:20] > limit).all() and 3 <= limit <= 7


def test_truth_series_are_measured_where_somebody_is():
    pose = performer(3)
    truth = footage(pose)
    seen = pose.keypoints.copy()
    seen[1] = 0
    result = [truth[0], truth[1], 255 - truth[2]]
    values = series.truth_series(result, truth, seen)
    assert values["ssim"][0] == 1 and np.isinf(values["psnr"][0])
    assert np.isnan([values["ssim"][1], values["psnr"][1]]).all()
    assert values["ssim"][2] < 0.9 and values["psnr"][2] < 15


class Finder:
    """An estimator that finds given poses, in the order of the videos it is shown."""

    def __init__(self, *videos):
        self.videos = list(videos)

    def detect(self, frames):
        poses = self.videos.pop(0)
        for _, pose in zip(frames, poses, strict=True):
            yield pose[None]


@pytest.fixture
def transfer(tmp_path, monkeypatch):
    """The asked figure is found 3 px to the right in the result, in place in the truth."""
    pose = performer(COUNT, 128, 96)
    for name in ("driving", "target"):
        save_pose(tmp_path / f"{name}.npz", pose)
    for name in ("video", "truth"):
        encode(tmp_path / f"{name}.mp4", footage(pose), Fraction(25), 128, 96)
    write_json(tmp_path / "normalization.json", measure_normalization(pose))
    write_json(tmp_path / "estimator.json", {"estimator": "a stand-in"})
    monkeypatch.setattr(series, "open_estimator", lambda *_: Finder(shifted(pose, 3), pose.keypoints))
    return series.MeasuredFiles(
        video=tmp_path / "video.mp4",
        driving_pose=tmp_path / "driving.npz",
        target_pose=tmp_path / "target.npz",
        target_statistics=tmp_path / "normalization.json",
        decision=tmp_path / "estimator.json",
        truth=tmp_path / "truth.mp4",
    )


def test_measure_frames_from_files(transfer, tmp_path):
    series.measure_frames(transfer, output=tmp_path / "frames.json", holdout=0.2, threads=1)
    told = read_json(tmp_path / "frames.json")
    assert (told["frames"], told["fps"]) == (COUNT, "25")
    assert told["series"].keys() == SERIES.keys()
    assert {len(numbers["values"]) for numbers in told["series"].values()} == {COUNT}
    values = {key: numbers["values"] for key, numbers in told["series"].items()}
    assert values["pose_error"] == pytest.approx([100 * 3 / told["body_height_px"]] * COUNT, rel=1e-2)
    assert values["missed"] == [0] * COUNT
    # the last fifth is not shown to training, so a frame of it need not be there
    assert values["distance"][:32] == pytest.approx([0] * 32, abs=1e-4)
    assert values["ssim"] == [1] * COUNT and values["psnr"] == [None] * COUNT  # equal: infinitely many dB
    limits = {key: numbers["limit"] for key, numbers in told["series"].items()}
    assert 3 <= limits.pop("distance") <= 7 and set(limits.values()) == {None}


def test_without_a_truth_there_is_nothing_to_compare_with(transfer, tmp_path):
    transfer = replace(transfer, truth=None)
    series.measure_frames(transfer, output=tmp_path / "frames.json", holdout=0.2, threads=1)
    assert read_json(tmp_path / "frames.json")["series"].keys() == {"pose_error", "missed", "distance"}


def test_lengths_that_differ_are_refused(transfer, tmp_path):
    encode(transfer.truth, footage(performer(COUNT - 2, 128, 96)), Fraction(25), 128, 96)
    with pytest.raises(InputError) as error:
        series.measure_frames(transfer, output=tmp_path / "frames.json", holdout=0.2, threads=1)
    one_line(error, f"video.mp4: {COUNT} frames", f"has {COUNT - 2}")
    assert not (tmp_path / "frames.json").exists()


def test_the_source_is_filmed_frame_by_frame(tmp_path):
    pose = performer(12, 96, 96)
    frames = footage(pose)
    write_clip(tmp_path, "tango", pose, frames)
    film_source(tmp_path / "tango.avi", tmp_path / "tango.mp4")
    shown = np.stack(list(decode(tmp_path / "tango.mp4", probe(tmp_path / "tango.mp4"), 96, 96)))
    assert shown.shape == frames.shape and probe(tmp_path / "tango.mp4")["audio"] is None
    assert np.abs(shown.astype(int) - frames).mean() < 4


def test_the_skeleton_is_filmed_as_the_generator_sees_it(tmp_path):
    pose = performer(6, 96, 96)
    save_pose(tmp_path / "pose.npz", pose)
    film_skeleton(tmp_path / "pose.npz", tmp_path / "pose.mp4")
    shown = list(decode(tmp_path / "pose.mp4", probe(tmp_path / "pose.mp4"), 96, 96))
    assert len(shown) == 6
    for points, picture in zip(pose.keypoints, shown, strict=True):
        drawn = draw_skeleton(points, 96, 96)
        assert np.abs(picture.astype(int) - drawn).mean() < 6 and picture.max() > 150
