import numpy as np
import pytest

from dancenow.evaluation.kernel_distance import kernel_distance


def test_two_samples_by_hand():
    # one channel: k(0, 1) + k(2, 3) - k(0, 3) - k(1, 2) = 1 + 343 - 1 - 27
    found, wanted = np.array([[0.0], [1]]), np.array([[2.0], [3]])
    assert kernel_distance(found, wanted, [0, 1], seed=0) == {"mean": 316, "low": None, "high": None}
    # two channels, of which the kernel takes the mean: (0 + 1)³ + (2·3 + 1)³ - (0 + 1)³ - (1·2 + 1)³ + ...
    doubled = kernel_distance(np.repeat(found, 2, axis=1), np.repeat(wanted, 2, axis=1), [0, 1], seed=0)
    assert doubled["mean"] == 316


def test_three_samples_in_two_blocks_by_hand():
    found, wanted = np.array([[0.0], [1], [2]]), np.array([[1.0], [1], [1]])
    # pairs (0, 1) and (0, 2); k(x, y) = (xy + 1)³; (1, 2) are in one block
    first = 1 + 8 - 1 - 8
    second = 1 + 8 - 1 - 27
    assert kernel_distance(found, wanted, [0, 7, 7], seed=0)["mean"] == (first + second) / 2


def test_equal_sets_have_no_distance():
    features = np.random.default_rng(0).normal(size=(40, 8))
    distance = kernel_distance(features, features, np.arange(40) // 5, seed=0)
    assert [round(distance[key], 12) for key in ("mean", "low", "high")] == [0, 0, 0]


def test_it_is_unbiased_however_small_the_sets():
    random = np.random.default_rng(1)
    blocks = np.arange(6)
    alike = [
        kernel_distance(*random.normal(size=(2, 6, 4)), blocks, seed=0, rounds=1)["mean"] for _ in range(800)
    ]
    # a biased estimate would be off by the mean of k(x, x) over 6, which is about 2
    assert np.mean(alike) == pytest.approx(0, abs=4 * np.std(alike) / 800**0.5)
    assert np.mean(alike) == pytest.approx(0, abs=0.3)


def test_the_interval_holds_the_mean_and_narrows_with_more_blocks():
    random = np.random.default_rng(2)
    few, many = (
        kernel_distance(random.normal(size=(n, 4)), random.normal(1, 1, (n, 4)), np.arange(n) // 5, seed=0)
        for n in (50, 400)
    )
    for distance in (few, many):
        assert 0 < distance["low"] < distance["mean"] < distance["high"]
    assert many["high"] - many["low"] < few["high"] - few["low"]


def test_it_is_seeded():
    random = np.random.default_rng(3)
    sets = random.normal(size=(2, 40, 4))
    blocks = np.arange(40) // 4
    once = kernel_distance(*sets, blocks, seed=0)
    assert once == kernel_distance(*sets, blocks, seed=0)
    assert once["low"] != kernel_distance(*sets, blocks, seed=1)["low"]


def test_one_block_is_too_few():
    features = np.ones((5, 2))
    assert kernel_distance(features, 2 * features, np.zeros(5, int), seed=0)["mean"] is None


def test_four_blocks_have_an_interval_though_one_may_be_drawn_over_and_over():
    random = np.random.default_rng(4)
    found = kernel_distance(*random.normal(size=(2, 20, 4)), np.arange(20) // 5, seed=0)
    assert np.isfinite([found["low"], found["high"]]).all()
