import pytest

from dancenow.training.schedule import average_decay, learning_rate


def test_learning_rate_is_constant_then_falls_to_zero():
    rates = [learning_rate(1e-3, 0.5, step, 100) for step in (0, 49, 75, 99, 100)]
    assert rates == pytest.approx([1e-3, 1e-3, 5e-4, 2e-5, 0])


def test_without_a_decay_share_it_stays():
    assert {learning_rate(1e-3, 0.0, step, 100) for step in range(100)} == {1e-3}


def test_the_average_starts_short_and_reaches_its_decay():
    decays = [average_decay(0.995, step) for step in (0, 10, 10_000)]
    assert decays == pytest.approx([0.1, 0.55, 0.995])
