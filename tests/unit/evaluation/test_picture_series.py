"""What the pictures of a moving camera do not show counts in no measure."""

import math

import numpy as np
import pytest

from dancenow.evaluation import picture_series
from dancenow.evaluation.names import FRAME, MASK, PERSON
from dancenow.evaluation.picture_series import Truth, measure_pictures
from performers import footage, performer

POSE = performer(2)
BACKGROUND = np.full((POSE.height, POSE.width, 3), 90, np.uint8)
MIDDLE = POSE.width // 2  # of the person, too: the camera shows what is left of it


def measured(truth, result, monkeypatch):
    """{region: {measure}} and {measure} over time of a result."""
    monkeypatch.setattr(picture_series, "KERNEL_REGIONS", ())
    valid = np.zeros(BACKGROUND.shape[:2], bool)
    valid[:, :MIDDLE] = True
    given = Truth(list(truth), BACKGROUND, lambda _: valid)
    found = measure_pictures({"result": list(result)}, given, POSE.keypoints, POSE.keypoints, 60.0, {})
    return found.images["result"], found.time["result"]


def test_a_result_is_perfect_though_it_differs_where_the_truth_shows_nothing(monkeypatch):
    truth = footage(POSE)
    result = truth.copy()
    result[:, :, MIDDLE:] = 255 - result[:, :, MIDDLE:]
    images, time = measured(truth, result, monkeypatch)
    for region in (FRAME, PERSON, MASK):
        assert images[region]["ssim"] == pytest.approx([1, 1])
        assert images[region]["psnr"].tolist() == [math.inf, math.inf]
    assert time["difference_error"][0] == 0


def test_an_error_is_not_thinned_out_by_what_the_truth_does_not_show(monkeypatch):
    truth = footage(POSE)
    result = truth.copy()
    result[1, :, :MIDDLE] -= 12
    assert measured(truth, result, monkeypatch)[1]["difference_error"][0] == 12
