"""The visible label: inside the frame, in its corner, and legible on black, on white and on noise."""

import numpy as np
import pytest

from dancenow.provenance.label import Label


@pytest.mark.parametrize("kind", ["text", "icon"])
@pytest.mark.parametrize("position", ["bottom-right", "bottom-left", "top-right", "top-left"])
@pytest.mark.parametrize("size", [(512, 288), (96, 192), (1024, 576)])
def test_label_stands_in_its_corner_on_any_background(kind, position, size):
    width, height = size
    label = Label(kind, position, 0.08, width, height)
    for level in (0, 128, 255):
        frame = np.full((height, width, 3), level, np.uint8)
        labelled = label(frame)
        assert (frame == level).all()
        rows, columns = np.nonzero((labelled != frame).any(-1))
        assert len(rows)
        assert rows.mean() < height / 2 if position.startswith("top") else rows.mean() > height / 2
        if kind == "icon":
            assert columns.mean() < width / 2 if position.endswith("left") else columns.mean() > width / 2
        drawn = labelled[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        assert np.ptp(drawn) > 200  # white on black, or black around white


def test_the_letters_of_an_icon_stand_apart_in_a_small_picture():
    labelled = Label("icon", "top-left", 0.06, 192, 108)(np.zeros((108, 192, 3), np.uint8))[..., 0] > 128
    rows, columns = np.nonzero(labelled)
    middle = labelled[(rows.min() + rows.max()) // 2, columns.min() : columns.max() + 1].astype(int)
    assert (np.diff(middle) > 0).sum() + middle[0] >= 4  # the ring's left, the A, the I, the ring's right
