from copy import copy

import numpy as np
import pytest

from dancenow.keypoints import standing_height
from dancenow.references import occlusion
from dancenow.references.body_parts import PARTS
from dancenow.references.making import make_bank
from drawn_people import WALL, dancer, drawn

HEAD = PARTS.index("head")


@pytest.fixture(scope="module")
def bank():
    pose = dancer()
    frames, masks = drawn(pose, standing_height(pose.keypoints))
    return make_bank(frames, pose, masks, np.full(frames.shape[1:], WALL, np.uint8), len(frames))


def test_what_no_other_reference_shows_is_told(bank, monkeypatch):
    head = PARTS.index("head")
    holes = [None] * len(bank.pieces[head])
    holes[0] = np.full(bank.pieces[head][0][2].shape[:2], 255, np.uint8)
    _, missing = occlusion.fill(bank, head, holes)
    assert missing[0] < 0.1 and not missing[1:].any()
    monkeypatch.setattr(occlusion, "MOST_TRIES", -1)  # none is asked
    _, missing = occlusion.fill(bank, head, holes)
    assert missing[0] > 0.9


def test_what_is_half_cut_out_and_shown_by_no_other_is_whole(bank, monkeypatch):
    """The edge of what a hand covers would shine through."""
    monkeypatch.setattr(occlusion, "MOST_TRIES", -1)
    trunk, given = PARTS.index("trunk"), copy(bank)
    x, y, piece = bank.pieces[trunk][0]
    middle = tuple(slice(size // 2 - 3, size // 2 + 4) for size in piece.shape[:2])
    half, hole = piece.copy(), np.zeros(piece.shape[:2], np.uint8)
    half[middle], hole[middle] = half[middle] // 2, 128
    given.pieces = list(bank.pieces)
    given.pieces[trunk] = [(x, y, half), *bank.pieces[trunk][1:]]
    filled, _ = occlusion.fill(given, trunk, [hole] + [None] * (len(bank.pieces[trunk]) - 1))
    np.testing.assert_allclose(filled[0][2], piece, atol=6)


@pytest.mark.parametrize(
    "showing, stays", [([3], False), ([0], False), ([3, 4, 5, 6, 7], False), ([0, 1], True)]
)
def test_a_hand_beside_the_head_is_filled_with_what_most_references_show_there(bank, showing, stays):
    """One of the similar ones may show hair or a sleeve there, which would stay beside the head as a lump."""
    row, similar = 0, np.argsort(bank.between(HEAD)[0], kind="stable")
    similar = similar[similar != row]
    wide, pieces = 12, []
    for other, (x, y, own) in enumerate(bank.pieces[HEAD]):
        larger = np.zeros((own.shape[0], own.shape[1] + 2 * wide, 4), np.uint8)
        larger[:, wide:-wide] = own
        if other in similar[showing]:
            larger[:, :wide] = 200, 80, 20, 255
        pieces.append((x - wide, y, larger))
    holes = [None] * len(pieces)
    holes[row] = np.zeros(pieces[row][2].shape[:2], np.uint8)
    holes[row][:, :wide] = 255
    given = copy(bank)
    given.pieces = [*bank.pieces[:HEAD], pieces, *bank.pieces[HEAD + 1 :]]
    filled, _ = occlusion.fill(given, HEAD, holes)
    beside = filled[row][2][8:-8, 2 : wide // 2, 3]
    assert beside.min() > 220 if stays else beside.max() < 20


def test_frames_that_lack_the_same_are_asked_last(bank):
    """The frames beside one in which a hand hides the hair have it there too."""
    order = np.argsort(bank.between(HEAD)[0], kind="stable")
    lacking = [0, *order[order != 0][: occlusion.MOST_TRIES]]
    assert len(lacking) < len(order)
    given, pieces, holes = copy(bank), list(bank.pieces[HEAD]), [None] * len(bank.pieces[HEAD])
    for row in lacking:
        x, y, piece = pieces[row]
        top = slice(None, piece.shape[0] // 3)
        piece, holes[row] = piece.copy(), np.zeros(piece.shape[:2], np.uint8)
        holes[row][top] = piece[top][..., 3]
        piece[top] = 0
        pieces[row] = x, y, piece
    given.pieces = [*bank.pieces[:HEAD], pieces, *bank.pieces[HEAD + 1 :]]
    filled, _ = occlusion.fill(given, HEAD, holes)
    whole, now = (each[2][..., 3] > 200 for each in (bank.pieces[HEAD][0], filled[0]))
    assert (whole & now).sum() > 0.95 * whole.sum()
