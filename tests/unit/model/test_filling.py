import numpy as np

from dancenow.model.filling import filled


def test_filling_keeps_the_known_and_continues_it():
    ramp = np.repeat(np.linspace(40, 200, 64)[None, :, None], 48, axis=0).repeat(3, axis=2).astype(np.uint8)
    known = np.ones((48, 64), bool)
    known[10:40, 20:45] = False
    spoiled = np.where(known[..., None], ramp, 255).astype(np.uint8)
    result = filled(spoiled, known)
    assert np.array_equal(result[known], ramp[known])
    assert np.abs(result[~known].astype(int) - ramp[~known]).max() < 5


def test_filling_keeps_the_line_between_wall_and_floor():
    room = np.full((40, 64, 3), 200, np.uint8)
    room[25:] = 60
    known = np.ones((40, 64), bool)
    known[15:35, 20:30] = False
    assert np.array_equal(filled(room, known), room)


def test_rows_that_are_nowhere_known_lead_from_one_to_the_next():
    room = np.arange(40, dtype=np.uint8).repeat(30).reshape(40, 30, 1).repeat(3, axis=2)
    known = np.ones((40, 30), bool)
    known[10:20] = False
    assert np.abs(filled(np.where(known[..., None], room, 0), known).astype(int) - room).max() <= 1


def test_a_gap_that_becomes_wider_has_no_edge():
    """As below a head: the gap between two folds of a curtain, and from there between a plant and a wall."""
    curtain = np.full((60, 80, 3), 120, np.uint8)
    curtain[:, :20] = 60
    known = np.ones((60, 80), bool)
    known[10:30, 35:45] = False
    known[30:50, 15:65] = False
    result = filled(np.where(known[..., None], curtain, 255).astype(np.uint8), known).astype(int)
    assert np.abs(np.diff(result[5:55, 35:45], axis=0)).max() < 12  # 35 along rows alone
    assert np.abs(result[30:50, 60] - 120).max() < 12


def test_a_picture_that_shows_all_stays_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    assert np.array_equal(filled(picture, np.ones((12, 16), bool)), picture)
