"""The video before and after the normalisation: what is drawn where, and how long it is."""

from fractions import Fraction

import numpy as np
import pytest

from clips import ffprobe
from dancenow.figures.normalization_overlay import DIM, footage_frame, overlay_frames, overlay_normalization
from dancenow.keypoints import save_pose
from dancenow.video.frames import FrameStore
from performers import performer
from scenes import SIZE, scene, write_clip
from walkers import copy_of


@pytest.fixture(scope="module")
def footage(tmp_path_factory):
    folder = tmp_path_factory.mktemp("footage")
    pose = performer(10, SIZE, SIZE, tall=110.0)
    frames, _ = write_clip(folder, "anna", pose, np.repeat(scene()[None], 10, axis=0))
    return frames


def test_the_footage_runs_forth_and_back_in_time():
    shown = [footage_frame(index, 25, 25, 4) for index in range(9)]
    assert shown == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert [footage_frame(index, Fraction(50), Fraction(25), 4) for index in range(6)] == [0, 0, 1, 1, 2, 2]
    assert [footage_frame(index, 25, 25, 1) for index in range(3)] == [0, 0, 0]


def test_left_is_the_source_and_right_the_normalised(footage):
    store = FrameStore(footage)
    source = performer(3, SIZE, SIZE, tall=60.0)
    pose = copy_of(source, 1.5, (-40, -60))
    frames = list(overlay_frames(source, pose, store))
    assert len(frames) == 3 and frames[0].shape == (SIZE, 2 * SIZE, 3)
    plain = np.concatenate([(store[2] * DIM).astype(np.uint8)] * 2, axis=1)
    for number, keypoints in enumerate((source.keypoints[2], pose.keypoints[2])):
        half = slice(number * SIZE, (number + 1) * SIZE)
        changed = np.abs(frames[2][:, half].astype(int) - plain[:, half]).max(axis=2) > 40
        changed[:40] = False  # the words
        seen = keypoints[keypoints[:, 2] > 0, :2]
        rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
        assert rows[-1] == pytest.approx(seen[:, 1].max(), abs=3)
        assert columns[[0, -1]] == pytest.approx([seen[:, 0].min(), seen[:, 0].max()], abs=3)


def test_the_video_is_as_long_as_the_dance(footage, tmp_path):
    source = performer(13, SIZE, SIZE, fps=Fraction(30000, 1001))
    for name in ("source", "pair"):
        save_pose(tmp_path / f"{name}.npz", source)
    video = tmp_path / "overlay.mp4"
    overlay_normalization(tmp_path / "source.npz", tmp_path / "pair.npz", footage, video)
    stream = ffprobe(video, "stream=nb_frames,r_frame_rate,width,height")["streams"][0]
    assert (stream["nb_frames"], stream["r_frame_rate"]) == ("13", "30000/1001")
    assert (stream["width"], stream["height"]) == (2 * SIZE, SIZE)
