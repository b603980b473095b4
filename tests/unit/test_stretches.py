"""Stretches of frames, by hand."""

import numpy as np

from dancenow.stretches import stretches_of


def test_stretches_begin_and_end_where_the_values_change():
    assert stretches_of(np.array([1, 1, 0, 1, 0, 0, 1], bool)) == [(0, 2), (3, 4), (6, 7)]
    assert stretches_of(np.ones(3, bool)) == [(0, 3)] and stretches_of(np.zeros(3, bool)) == []
    assert stretches_of(np.zeros(0, bool)) == []
