"""The figure of a normalisation: which moments it shows, and what is seen in it."""

import cv2
import numpy as np
import pytest

from dancenow.figures import normalization_figure
from dancenow.figures.normalization_figure import choose_moments
from dancenow.keypoints import load_pose
from dancenow.pose.draw import draw_skeleton
from dancenow.pose.normalize_files import PairFiles, normalize_pair
from walkers import FRAMES, performer, perspective, walk, write_pair


@pytest.fixture
def files(tmp_path):
    return write_pair(tmp_path)


def test_moments_span_the_clip():
    y = walk(300, 450)
    pose = performer(perspective(y), y)
    moments = choose_moments(pose, 4)
    assert moments == choose_moments(pose, 4)
    assert len(set(moments)) == 4 and moments == sorted(moments)
    assert y[moments].max() == y.max() and y[moments].min() == y.min()
    assert max(np.diff([0, *moments, FRAMES - 1])) <= FRAMES / 2


class Wall:
    """Stands in for a FrameStore: 40 frames of one colour."""

    def __init__(self, path):
        self.colour = {"source": (200, 0, 0), "target": (0, 0, 200)}[path.stem]

    def __len__(self):
        return 40

    def __getitem__(self, index):
        return np.full((512, 512, 3), self.colour, np.uint8)


def test_the_figure_shows_source_skeleton_and_target_the_same_each_time(files, monkeypatch):
    monkeypatch.setattr(normalization_figure, "FrameStore", Wall)
    monkeypatch.setattr(normalization_figure, "open_steady_files", lambda path, view, framed: Wall(path))
    normalize_pair(PairFiles(*files[:5]), files[5])
    folder = files[0].parent
    pictures, printed = [], normalization_figure._grid
    shown = []
    monkeypatch.setattr(
        normalization_figure, "_grid", lambda rows, heads: shown.append(rows) or printed(rows, heads)
    )
    for name in ("first.png", "second.png"):
        arguments = folder / "source.avi", files[0], folder / "target.avi", files[5], folder / name
        normalization_figure.plot_normalization(*arguments)
        pictures.append(cv2.imread(str(folder / name))[..., ::-1].astype(int))
    assert np.array_equal(*pictures)
    normalised = load_pose(files[5])
    for _, (title, drawn), _ in shown[0]:
        skeleton = draw_skeleton(
            normalised.keypoints[int(title.split()[1])], normalised.width, normalised.height
        )
        np.testing.assert_array_equal(drawn, skeleton)
    thirds = np.array_split(pictures[0].reshape(-1, pictures[0].shape[1], 3), 3, axis=1)
    reddish, black, bluish = (third.mean(axis=(0, 1)) for third in thirds)
    assert reddish[0] > reddish[2] + 50
    assert bluish[2] > bluish[0] + 50
    assert black.mean() < min(reddish.mean(), bluish.mean())
    assert len(list(folder.glob(".partial-*"))) == 0
