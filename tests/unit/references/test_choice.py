"""The choice of references over time: where a path changes, and how one reference gives way to the next."""

import numpy as np

from dancenow.references.choice import cheapest_path, faded


def test_the_cheapest_path_changes_only_where_it_pays():
    cost = np.zeros((9, 2))
    cost[:, 1] = 0.06
    cost[4, 0] = 0.1  # not worth two changes of .1
    assert cheapest_path(cost, np.zeros(9, bool), 0.1).tolist() == [0] * 9
    cost[4:7, 0] = 0.3
    assert cheapest_path(cost, np.zeros(9, bool), 0.1).tolist() == [0] * 4 + [1] * 3 + [0] * 2
    starts = np.zeros(9, bool)
    starts[[4, 5]] = True
    cost[4:7, 0] = [0.07, 0, 0]
    assert cheapest_path(cost, starts, 0.1).tolist() == [0] * 4 + [1] + [0] * 4


def test_a_reference_gives_way_to_the_next_within_a_moment():
    chosen = np.repeat([[4], [7]], 10, axis=0)
    references, shares = faded(chosen, chosen * 0, [], 50)  # the moment is four frames to either side
    assert references.shape[:2] == (20, 1) and np.allclose(shares.sum(axis=-1), 1)
    new = np.where(references == 7, shares, 0).sum(axis=-1)[:, 0]
    assert np.allclose(new, [0] * 7 + [1 / 16, 3 / 16, 6 / 16, 10 / 16, 13 / 16, 15 / 16] + [1] * 7)
    assert references[9, 0, :2].tolist() == [4, 7]  # the larger share first


def test_at_a_low_rate_references_change_at_once():
    chosen = np.repeat([[4], [7]], 5, axis=0)
    references, shares = faded(chosen, chosen * 0, [], 8)
    assert references.tolist() == chosen[..., None].tolist() and (shares == 1).all()


def test_nothing_fades_across_a_cut_or_between_front_and_back():
    chosen = np.repeat([[4, 4], [7, 7]], 5, axis=0)
    references, _ = faded(chosen, chosen * 0, [5], 25)
    assert references[..., 0].tolist() == chosen.tolist() and (references[..., 1:] == -1).all()
    sides = np.where(chosen == 4, 1, -1) * [1, 0]
    references, _ = faded(chosen, sides, [], 25)
    assert (references[:, 0, 1:] == -1).all()
    assert (references[[4, 5], 1, :2] >= 0).all()


def test_a_part_without_a_reference_stays_without_and_takes_nothing_from_others():
    chosen = np.array([[4]] * 4 + [[-1]] * 4 + [[7]] * 4)
    references, shares = faded(chosen, chosen * 0, [], 25)
    assert references[..., 0].tolist() == chosen.tolist() and (references[..., 1:] == -1).all()
    assert shares.sum(axis=-1).ravel().tolist() == [1] * 4 + [0] * 4 + [1] * 4


def test_of_many_references_at_once_the_largest_shares_are_kept():
    chosen = np.arange(40)[:, None]
    references, shares = faded(chosen, chosen * 0, [], 60)
    assert references.shape[-1] == 3 and np.allclose(shares.sum(axis=-1), 1)
    assert set(references[20, 0]) == {19, 20, 21}
