import numpy as np
import pytest

from dancenow.authenticity.separation import Scores, accuracy, area, roc_curve, videos_right, with_interval


def scores(*logits, every=1):
    return Scores(np.arange(len(logits)) * every, np.array(logits, float))


def test_the_curve_by_hand():
    # thresholds 3, 2, 1, 0: one fake, then one of each, then a real, then a fake
    false_alarms, hits = roc_curve(np.array([2.0, 1.0]), np.array([3.0, 2.0, 0.0]))
    assert false_alarms.tolist() == [0, 0, 0.5, 1, 1]
    np.testing.assert_allclose(hits, [0, 1 / 3, 2 / 3, 2 / 3, 1])


def test_the_area_counts_pairs_in_order_and_ties_half():
    real, fake = np.array([2.0, 1.0]), np.array([3.0, 2.0, 0.0])
    # of six: 3 beats both, 2 ties with one and beats the other, 0 beats none
    assert area(real, fake) == pytest.approx((2 + 1.5 + 0) / 6)
    assert area(fake, real) == pytest.approx(1 - 3.5 / 6)
    assert area(real, real) == 0.5 and area(np.array([-1.0]), np.array([1.0])) == 1


def test_accuracy_is_balanced_whatever_the_numbers():
    # three of four real right, one of one fake
    assert accuracy(np.array([-1.0, -2.0, -3.0, 1.0]), np.array([2.0])) == pytest.approx((0.75 + 1) / 2)
    assert accuracy(np.array([5.0] * 99), np.array([5.0])) == 0.5


def test_the_interval_holds_the_value_and_grows_with_the_size_of_the_blocks_that_agree():
    draw = np.random.default_rng(0)
    noise = scores(*draw.normal(size=400), every=1)
    drifting = scores(*np.repeat(draw.normal(size=16), 25), every=1)
    widths = []
    for video in (noise, drifting):
        found = with_interval(lambda logits: float((logits > 0).mean()), [[video]], seed=0)
        assert found["low"] < found["mean"] == (video.logits > 0).mean() < found["high"]
        widths.append(found["high"] - found["low"])
    # 400 independent draws against 16: five times as wide
    assert widths[0] == pytest.approx(2 * 1.96 * 0.5 / 20, rel=0.25)
    assert widths[1] == pytest.approx(2 * 1.96 * 0.5 / 4, rel=0.25)


def test_blocks_are_of_frames_not_of_pairs():
    # pairs 25 frames apart are a block each
    found = with_interval(lambda logits: float(logits.mean()), [[scores(0, 1, 0, 1, every=25)]], seed=0)
    assert 0 <= found["low"] < found["mean"] == 0.5 < found["high"] <= 1
    alone = with_interval(lambda logits: float(logits.mean()), [[scores(0, 1, 0, 1, every=24)]], seed=0)
    assert alone == {"mean": 0.5, "low": None, "high": None}


def test_blocks_of_several_videos_count_beyond_one_of_each():
    def found(*blocks):
        videos = [scores(*np.tile([0.0, 1.0], count)[:count], every=25) for count in blocks]
        return with_interval(lambda logits: float(logits.mean()), [videos], seed=0)

    assert found(3)["low"] is found(2, 2)["low"] is found(1, 1, 1, 1, 1)["low"] is None
    assert found(2, 2, 2)["low"] == 0 and found(4)["low"] is not None


def test_the_same_seed_gives_the_same_interval():
    videos = [[scores(*np.linspace(-2, 1, 90))], [scores(*np.linspace(-1, 3, 60), every=3)]]
    assert with_interval(area, videos, seed=3) == with_interval(area, videos, seed=3)
    assert with_interval(area, videos, seed=3) != with_interval(area, videos, seed=4)


def test_videos_by_the_sign_of_their_mean():
    real, fake = [scores(-3, 1), scores(-1, 2)], [scores(5, -1), scores(1, 1)]
    found = videos_right(real, fake)
    assert (found["right"], found["of"]) == (3, 4)
    # Clopper-Pearson of 3 in 4, as tabulated
    assert (found["low"], found["high"]) == pytest.approx((0.1941, 0.9937), abs=1e-4)
    none_wrong = videos_right(real[:1], fake)
    assert none_wrong["high"] == 1 and none_wrong["low"] == pytest.approx(0.025 ** (1 / 3))
