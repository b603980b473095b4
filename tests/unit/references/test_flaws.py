"""What makes a piece a bad reference."""

import numpy as np
import pytest

from dancenow.keypoints import standing_height
from dancenow.references import making
from dancenow.references.body_parts import PARTS, Figure
from dancenow.references.cutting import flaws_of
from drawn_people import WALL, dancer, drawn

POSE = dancer(10)
UNIT = standing_height(POSE.keypoints)
KNOWN = np.zeros((3, len(PARTS), 4096))


def test_a_hand_that_moves_fast_or_is_half_hidden_costs_more():
    whole = np.full((12, 12, 4), (90, 90, 90, 255), np.uint8)
    half = whole.copy()
    half[6:] = 0
    figures, still = [Figure(points, UNIT) for points in POSE.keypoints[:4]], np.zeros(4)
    plain, *_, hidden = flaws_of("left_hand", [whole, whole, whole, half], figures, still, KNOWN)
    assert plain == 0 and hidden > 0.02
    slow, fast, *_ = flaws_of("left_hand", [whole] * 4, figures, np.array([0, 0.1, 0, 0]), KNOWN)
    assert slow == 0 and fast > 0.05


def test_a_part_that_a_hand_hides_in_every_frame_costs_more(monkeypatch):
    frames, masks = drawn(POSE, UNIT)
    background, head = np.full(frames.shape[1:], WALL, np.uint8), PARTS.index("head")
    plain = making.make_bank(frames, POSE, masks, background, 10)
    filled = making.fill

    def nothing_fills(bank, number, holes):
        pieces, missing = filled(bank, number, holes)
        return pieces, missing + 0.5 * (number == head)

    monkeypatch.setattr(making, "fill", nothing_fills)
    hidden = making.make_bank(frames, POSE, masks, background, 10)
    assert hidden.flaws[head] - plain.flaws[head] == pytest.approx(0.5)
    assert all(np.array_equal(a, b) for a, b in zip(hidden.flaws[1:], plain.flaws[1:], strict=True))
