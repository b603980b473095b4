"""The figure of a transfer: source, skeleton, result."""

import cv2
import numpy as np
import pytest

from clips import film
from dancenow.errors import InputError
from dancenow.evenly import spread
from dancenow.figures.transfer_figure import CELL_HEIGHT, MOMENTS, plot_transfer
from dancenow.keypoints import save_pose
from dancenow.pictures import read_png
from dancenow.pose.draw import draw_pose
from dancenow.video.frames import extract_frames
from dancenow.video.media import probe
from performers import footage, performer


def test_a_result_with_fewer_frames_than_the_dance_is_named(tmp_path):
    pose = performer(12, 96, 64, tall=50)
    clip, short = film(tmp_path / "a.mp4", footage(pose)), film(tmp_path / "b.mp4", footage(pose)[:6])
    files = tmp_path / "a.avi", tmp_path / "a.npz"
    extract_frames([clip], [probe(clip)], 96, files[0])
    save_pose(files[1], pose)
    plot_transfer(*files, clip, tmp_path / "a.png")
    picture = read_png(tmp_path / "a.png", (MOMENTS * 480, 3 * CELL_HEIGHT))
    moments = spread(12, MOMENTS)
    assert len(set(moments)) == MOMENTS
    for place, moment in enumerate(moments):  # the same moment of source, skeleton and result
        cells = picture[:, 480 * place : 480 * (place + 1)].reshape(3, CELL_HEIGHT, 480, 3)
        wanted = cv2.resize(draw_pose(pose, moment), (480, CELL_HEIGHT), interpolation=cv2.INTER_AREA)
        np.testing.assert_array_equal(cells[1], wanted)
        assert np.abs(cells[0].astype(int) - cells[2]).mean() < 5
    with pytest.raises(InputError, match=r"b\.mp4: has no frame \d+; delete it"):
        plot_transfer(*files, short, tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()
