"""What is asked of a cluster follows the preset, the size and the frames, and covers what was measured."""

import pytest
import yaml

from dancenow.requests import (
    again,
    chunk_minutes,
    detection_minutes,
    generator_weights,
    painting_memory,
    painting_minutes,
    scoring_minutes,
    training_memory,
    training_minutes,
    training_steps,
)
from running import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
DEMO = CONFIG["train"]
PAPER = DEMO | CONFIG["presets"]["paper"]["train"]
PAPER_NETWORK = DEMO["generator"] | PAPER["generator"]


def test_later_attempts_ask_for_half_as_much_more_each():
    assert [again(1000, attempt) for attempt in (1, 2, 3)] == [1000, 1500, 2000]


def test_weights_are_nine_tenths_of_the_published_network_or_more():
    assert 0.9 * 182.45e6 < generator_weights(PAPER_NETWORK) < 182.45e6


def test_memory_covers_the_measured_demo_and_not_ten_times_it():
    assert 1500 < training_memory(DEMO, 512) < 6000
    assert 670 < painting_memory(DEMO["generator"], 512) < 6000


@pytest.mark.parametrize("minutes", [detection_minutes, painting_minutes, scoring_minutes])
def test_time_grows_with_frames_and_area(minutes):
    base = minutes(512, 0)
    assert minutes(512, 6000) - base == pytest.approx(10 * (minutes(512, 600) - base), abs=10)
    assert minutes(1024, 6000) - base == pytest.approx(4 * (minutes(512, 6000) - base), abs=4)


def test_chunks_share_the_time_but_not_the_start_and_no_chunk_takes_longer_than_the_whole():
    whole, chunk = painting_minutes(512, 60_000), chunk_minutes(512, 60_000, 10, 8)
    assert whole / 10 < chunk < whole / 5
    assert chunk_minutes(512, 60_000, 1, 8) == whole


def test_epochs_take_the_place_of_steps():
    assert training_steps(DEMO, 1500) == DEMO["steps"]
    assert training_steps(DEMO | {"epochs": 5, "holdout": 0.2, "batch": 2}, 1500) == 3000


def test_the_paper_asks_for_more_of_everything_than_the_demo():
    paper = PAPER | {"generator": PAPER_NETWORK}
    assert training_minutes(paper, 512, 1500) > training_minutes(DEMO, 512, 1500)
    assert training_memory(paper, 512) > training_memory(DEMO, 512)
    assert isinstance(training_minutes(paper, 512, 1500), int)
