"""The working size, and that shapes in the picture keep theirs: aspect, square pixels."""

import cv2
import numpy as np
import pytest

from clips import film
from dancenow.errors import InputError
from dancenow.video import media


@pytest.mark.parametrize(
    "clip_size, long_edge, expected",
    [
        ((512, 512), 512, (512, 512)),
        ((1920, 1080), 512, (512, 288)),
        ((1080, 1920), 512, (288, 512)),
        ((692, 1108), 512, (320, 512)),
        ((640, 480), 256, (256, 192)),
        ((4000, 100), 256, (256, 32)),
    ],
)
def test_working_size_keeps_the_aspect_in_steps_of_32(clip_size, long_edge, expected):
    assert media.working_size(*clip_size, long_edge) == expected


@pytest.mark.parametrize("long_edge", [0, 500, -32])
def test_working_size_refuses_other_sizes(long_edge):
    with pytest.raises(InputError, match="multiple of 32"):
        media.working_size(640, 480, long_edge)


@pytest.mark.parametrize("size", [(173, 117), (117, 173), (692, 1108), (64, 64)])
def test_framing_covers_with_one_scale_and_crops_evenly(size):
    width, height = media.working_size(*size, 128)
    fit = media.framing({"width": size[0], "height": size[1]}, width, height)
    assert fit["scaled_width"] >= width and fit["scaled_height"] >= height
    assert fit["scaled_width"] == width or fit["scaled_height"] == height
    assert abs(fit["scaled_width"] - size[0] * fit["scale"]) <= 0.5
    assert abs(fit["scaled_height"] - size[1] * fit["scale"]) <= 0.5
    assert 0 <= fit["scaled_width"] - width - 2 * fit["crop_x"] <= 1
    assert 0 <= fit["scaled_height"] - height - 2 * fit["crop_y"] <= 1


def disc(height, width, radius_x, radius_y):
    frame = np.zeros((height, width, 3), np.uint8)
    cv2.ellipse(
        frame, (width // 2, height // 2), (radius_x, radius_y), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA
    )
    return frame


def extent(frame):
    """Spread (standard deviation, px) of the light in x and in y."""
    weight = frame.astype(float).mean(2)
    y, x = np.mgrid[: frame.shape[0], : frame.shape[1]]
    return [
        np.sqrt(np.average((axis - np.average(axis, weights=weight)) ** 2, weights=weight)) for axis in (x, y)
    ]


def test_a_circle_in_a_clip_of_odd_size_stays_a_circle(tmp_path):
    path = film(tmp_path / "odd.mp4", [disc(117, 173, 40, 40)] * 3, "-pix_fmt yuv444p")
    facts = media.probe(path)
    width, height = media.working_size(facts["width"], facts["height"], 160)
    spread_x, spread_y = extent(next(media.decode(path, facts, width, height)))
    expected = 20 * media.framing(facts, width, height)["scale"]
    assert (width, height) == (160, 96)
    assert spread_x == pytest.approx(expected, rel=0.02) and spread_y == pytest.approx(expected, rel=0.02)


def test_pixels_that_are_not_square_are_made_square(tmp_path):
    path = film(tmp_path / "wide.mp4", [disc(96, 96, 15, 30)] * 3, "-vf setsar=2")
    facts = media.probe(path)
    assert (facts["sample_aspect"], facts["width"], facts["height"]) == ("2/1", 192, 96)
    spread_x, spread_y = extent(next(media.decode(path, facts, *media.working_size(192, 96, 192))))
    assert spread_x == pytest.approx(spread_y, rel=0.05)
