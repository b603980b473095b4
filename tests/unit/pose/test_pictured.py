"""A poster is not the performer."""

import numpy as np
import pytest

from crowds import AS_IS, crowd, walker
from dancenow.pose.performer import track_performer
from dancenow.pose.pictured import pictured


def still(tall, count=40):
    """Of a poster, with the unrest of an estimator."""
    poster = np.repeat(walker(150, 150, tall, count)[:1], count, axis=0)
    unrest = np.random.default_rng(3).normal(0, 0.005 * tall, poster[..., :2].shape)
    poster[..., :2] += unrest * (poster[..., 2:] > 0)
    return poster.astype(np.float32)


@pytest.mark.parametrize(
    "choice, seconds, alone, taken",
    [
        ("largest", 1.6, False, "person"),
        ("largest", 0.6, False, "poster"),  # nobody moves much in so short a time
        ("largest", 1.6, True, "poster"),  # a person who only stands
        ("right", 1.6, False, "poster"),
    ],
)
def test_a_poster_is_not_taken_for_the_largest_performer(choice, seconds, alone, taken):
    count = round(seconds * 25)
    poster, person = still(300, count), walker(-100, -100, 200, count)
    people = crowd(poster) if alone else crowd(person, poster)
    pose = track_performer(people, performer=choice, **AS_IS)
    assert np.array_equal(pose.keypoints, poster if taken == "poster" else person)


def test_who_is_hardly_ever_sure_is_no_poster():
    """A dancer on a dark stage, beside somebody who walks by."""
    dancer, passer = walker(150, 150, 300, 40), walker(-100, -100, 200, 40)
    dancer[..., 2] *= 0.4
    assert not any(pictured([dancer, passer], 25.0))
    assert pictured([still(300), passer], 25.0) == [True, False]
