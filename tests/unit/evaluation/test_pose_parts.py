import numpy as np
import pytest

from dancenow.evaluation.pose_parts import PAPER_PARTS, part_series
from dancenow.keypoints import COUNT, FACE, LEFT_HAND, RIGHT_HAND


def whole(x=0.0, y=0.0):
    """Two frames of a pose with all keypoints, shifted by (x, y)."""
    pose = np.ones((2, COUNT, 3), np.float32)
    pose[..., :2] = np.arange(2 * COUNT).reshape(COUNT, 2) + (x, y)
    return pose


def test_parts_are_the_papers():
    sizes = {name: part.stop - part.start for name, part in PAPER_PARTS.items()}
    assert sizes == {"body": 23, "face": 68, "hands": 42, "all": 133}


def test_a_shift_by_hand():
    series = part_series(whole(3, 4), whole(), body_height=200)
    for part in PAPER_PARTS:
        assert series[part]["distance_px"] == pytest.approx([5, 5])
        assert series[part]["distance_percent"] == pytest.approx([2.5, 2.5])
        assert series[part]["pck"].tolist() == [0, 0]  # 4 px are the limit
        assert series[part]["missed_per_frame"].tolist() == [0, 0]
    assert part_series(whole(0, 4), whole(), body_height=200)["hands"]["pck"].tolist() == [100, 100]


def test_parts_do_not_mix():
    found = whole()
    found[0, FACE, 0] += 8
    found[1, LEFT_HAND, 0] += 6
    series = part_series(found, whole(), body_height=100)
    assert series["body"]["distance_px"].tolist() == [0, 0]
    assert series["face"]["distance_px"].tolist() == [8, 0]
    assert series["hands"]["distance_px"].tolist() == [0, 3]
    assert series["all"]["distance_px"] == pytest.approx([8 * 68 / 133, 6 * 21 / 133])
    assert series["all"]["pck"] == pytest.approx([100 * 65 / 133, 100 * 112 / 133])


def test_misses_are_counted_and_lower_pck_but_not_the_distance():
    found = whole(1, 0)
    found[0, RIGHT_HAND] = 0
    series = part_series(found, whole(), body_height=100)
    assert series["hands"]["missed_per_frame"].tolist() == [21, 0]
    assert series["all"]["missed_per_frame"].tolist() == [21, 0]
    assert series["hands"]["distance_px"].tolist() == [1, 1]
    assert series["hands"]["pck"].tolist() == [50, 100]


def test_what_was_not_asked_for_does_not_count():
    wanted = whole()
    wanted[0, FACE] = 0
    series = part_series(whole(2, 0), wanted, body_height=100)
    for values in series["face"].values():
        assert np.isnan(values[0])
    assert series["face"]["missed_per_frame"][1] == 0
    assert series["all"]["pck"].tolist() == [100, 100]


def test_without_anybody_found_all_is_missed_and_no_distance_exists():
    series = part_series(np.zeros((2, COUNT, 3), np.float32), whole(), body_height=100)["body"]
    assert np.isnan(series["distance_px"]).all()
    assert series["pck"].tolist() == [0, 0]
    assert series["missed_per_frame"].tolist() == [23, 23]
