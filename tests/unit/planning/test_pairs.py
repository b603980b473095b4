"""Who takes part in transfers, and who may be learned from and tested on."""

import pytest

from clips import one_line
from dancenow.errors import InputError
from dancenow.planning.pairs import check_split, names_of, targets_of


def test_names_and_targets_of_pairs_are_each_listed_once():
    pairs = ["bob_as_anna", "anna_as_bob", "bob_as_carol"]
    assert names_of(pairs) == ["anna", "bob", "carol"] and targets_of(pairs) == ["anna", "bob"]
    assert names_of(["anna"]) == ["anna"] and names_of([]) == []


@pytest.mark.parametrize("heldout", ["anna_as_carol", "carol_as_anna", "bob_as_dora"])
def test_nobody_is_learned_from_and_tested_on(heldout):
    with pytest.raises(InputError) as error:
        check_split(["anna_as_bob"], [heldout])
    shared = "anna" if "anna" in heldout else "bob"
    one_line(error, f"authenticity.heldout: {shared} is also in", "name a pair of two other subjects")


def test_other_people_or_nobody_may_be_held_out():
    check_split(["anna_as_bob", "bob_as_anna"], ["carol_as_dora"])
    check_split(["anna_as_bob"], [])
    check_split([], ["carol_as_dora"])
    with pytest.raises(InputError, match="carol, dora"):
        check_split(["anna_as_bob", "carol_as_dora"], ["carol_as_dora"])
