"""Which pieces a training frame is shown."""

from types import SimpleNamespace

import numpy as np
import pytest

from dancenow.references.body_parts import PARTS, visible_parts
from dancenow.references.sampling import NEAREST, WITHOUT, RealPixels
from drawn_people import dancer

COUNT = 120


def bank():
    """A stand-in in which frame 0 is less and less like those after it, and unlike all mirrored ones."""
    cost = np.r_[np.linspace(0, 1, COUNT), np.full(COUNT, 9)].astype(np.float32)[None]
    rows = [np.arange(COUNT)] * len(PARTS)
    return SimpleNamespace(frames=np.arange(COUNT), rows=rows, costs=lambda points: [cost] * len(PARTS))


def test_one_of_the_nearest_pieces_of_another_moment_is_shown_and_few_parts_are_left_out():
    pixels, points = RealPixels(bank(), None, fps=10, count=COUNT), dancer().keypoints[0]
    seen = visible_parts(points[None])[0]
    drawn = np.array([pixels._pick(points, 0, np.random.default_rng(seed)) for seed in range(400)])[:, seen]
    assert NEAREST > 1 and set(drawn[drawn >= 0].tolist()) == set(range(11, 11 + NEAREST))  # a second away
    assert np.mean(drawn < 0) == pytest.approx(WITHOUT, abs=0.02) and WITHOUT > 0.02
