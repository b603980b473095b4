import numpy as np
import pytest

from clips import film, one_line
from dancenow.authenticity.judge import decide, summarise, told_scale, train_on_videos
from dancenow.authenticity.separation import Scores
from dancenow.errors import InputError


def scores(*logits):
    return Scores(np.arange(len(logits)), np.array(logits, float))


def found(logits, seen=(), accuracy=None):
    rest = {"scaled": None, "seen_in_training": list(seen), "heldout_accuracy": accuracy}
    return decide(logits, seed=0) | rest


def test_nothing_to_learn_from_says_what_to_add(tmp_path):
    with pytest.raises(InputError) as error:
        train_on_videos([], [], [], tmp_path / "detector.safetensors", steps=1, seed=0, threads=1)
    one_line(error, "authenticity.train", "names no transfer", "{target}_as_{source}")
    assert list(tmp_path.iterdir()) == []


def test_the_verdict_is_the_side_on_which_the_whole_interval_lies():
    draw = np.random.default_rng(0)
    assert decide(scores(*draw.normal(2, 1, 200)), 0)["verdict"] == "fake"
    assert decide(scores(*draw.normal(-2, 1, 200)), 0)["verdict"] == "real"
    unsure = decide(scores(*np.repeat([-1.0, 1.1], 100)), 0)
    assert unsure["verdict"] == "undecided" and unsure["share_fake"]["mean"] == 0.5
    assert unsure["logit"]["low"] < 0 < unsure["logit"]["high"]


def test_a_verdict_has_its_numbers():
    verdict = decide(scores(1, 1, -0.5), 0)
    assert verdict["pairs"] == 3 and verdict["share_fake"]["mean"] == pytest.approx(2 / 3)
    assert verdict["logit"] == {"mean": 0.5, "low": None, "high": None}
    assert verdict["probability_fake"] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_the_sentence_says_how_sure_and_that_the_accuracy_is_unknown():
    sentence = summarise(found(scores(*[2] * 100)))
    assert sentence == (
        "fake: 100% of 100 pairs of consecutive frames look fake, mean logit 2.00 "
        "[2.00, 2.00]; no held-out subject: accuracy unknown"
    )


def test_a_video_too_short_for_an_interval_has_no_verdict():
    sentence = summarise(found(scores(*[3] * 75)))
    assert sentence.startswith(
        "undecided: 0% of 75 pairs of consecutive frames look real, mean logit 3.00 [too few]"
    )


def test_the_sentence_says_how_good_the_detector_is_and_whom_it_knows():
    accuracy = {"mean": 0.934, "low": 0.9, "high": 0.96}
    sentence = summarise(found(scores(-1, -3, *[-2] * 98), ["anna"], accuracy))
    assert sentence.startswith(
        "real: 100% of 100 pairs of consecutive frames look real, mean logit -2.00 [-2."
    )
    assert "on people it had not seen, 93% of the pairs were judged rightly" in sentence
    assert sentence.endswith("anna was in the training set, so this is no test of the detector")
    both = summarise(found(scores(1, 1, 1), ["anna", "bob"]))
    assert both.endswith("anna and bob were in the training set, so this is no test of the detector")


@pytest.mark.parametrize(
    ("learned", "clips", "words"),
    [
        ([96], None, None),
        ([64, 128], None, "its longer edge has 96 px, the detector learned from 64 or 128 px"),
        ([96], [{"width": 54, "height": 96, "crop": None}], None),
        ([96], [{"width": 540, "height": 960, "crop": [0, 0, 540, 540]}], None),
        ([96], [{"width": 540, "height": 960, "crop": [9, 9, 48, 40]}], "has 48 px along the longer edge"),
        (
            [96],
            [{"width": 540, "height": 960, "crop": None}, {"width": 80, "height": 45, "crop": None}],
            "has 80 px",
        ),
    ],
)
def test_a_video_of_another_scale_is_told(tmp_path, learned, clips, words):
    film(tmp_path / "clip.mp4", [np.zeros((96, 64, 3), np.uint8)] * 3, "-crf 16")
    told = told_scale(tmp_path / "clip.mp4", clips, learned)
    assert told is None if words is None else words in told


def test_the_sentence_on_a_scaled_video_has_no_numbers():
    sentence = summarise(found(scores(1, 1, -0.5)) | {"scaled": "it was enlarged"})
    assert sentence == "undecided: it was enlarged, and it cannot judge a video of another scale"
