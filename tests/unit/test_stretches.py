"""Stretches of frames, and values in between, by hand."""

import numpy as np

from dancenow.stretches import interpolated, stretches_of


def test_stretches_begin_and_end_where_the_values_change():
    assert stretches_of(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)]
    assert stretches_of(np.ones(3, bool)) == [(0, 3)] and stretches_of(np.zeros(3, bool)) == []
    assert stretches_of(np.zeros(0, bool)) == []


def test_unknown_values_lie_between_their_neighbours_and_stay_beyond_the_ends():
    values = np.array([[9, 9], [1, 2], [9, 9], [np.nan, 9], [4, -1], [9, 9]], np.float32)
    known = np.array([0, 1, 0, 0, 1, 0], bool)
    expected = [[1, 2], [1, 2], [2, 1], [3, 0], [4, -1], [4, -1]]
    np.testing.assert_array_equal(interpolated(values, known), expected)
    np.testing.assert_array_equal(interpolated(values[:, 0], known), [1, 1, 2, 3, 4, 4])
