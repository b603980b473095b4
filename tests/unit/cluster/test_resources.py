"""What is asked of a cluster follows the preset, the size and the frames, and covers what was measured."""

import warnings

import pytest
import torch
import yaml
from torch.utils.flop_counter import FlopCounterMode

from dancenow.cluster.resources import (
    again,
    chunk_minutes,
    detection_minutes,
    generator_weights,
    scoring_minutes,
    step_operations,
    synthesis_memory,
    synthesis_minutes,
    training_again,
    training_memory,
    training_minutes,
    training_steps,
)
from dancenow.model.enhancer import grow
from dancenow.model.perceptual import PerceptualNetwork
from dancenow.training.memory import FLOAT32, META
from dancenow.training.settings import FirstSettings
from dancenow.training.trainer import Trainer, network_arguments, new_networks
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
    assert 670 < synthesis_memory(DEMO["generator"], 512) < 6000


@pytest.mark.parametrize("minutes", [detection_minutes, synthesis_minutes, scoring_minutes])
def test_time_grows_with_frames_and_area(minutes):
    base = minutes(512, 0)
    assert minutes(512, 6000) - base == pytest.approx(10 * (minutes(512, 600) - base), abs=10)
    assert minutes(1024, 6000) - base == pytest.approx(4 * (minutes(512, 6000) - base), abs=4)


def test_chunks_share_the_time_but_not_the_start_and_no_chunk_takes_longer_than_the_whole():
    whole, chunk = synthesis_minutes(512, 60_000), chunk_minutes(512, 60_000, 10, 8)
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


def counted(settings, edge, grown=False):
    """Floating-point operations of one step on a pair of square frames, as torch counts them."""
    build, first = new_networks, FirstSettings.of(settings)
    if grown:
        network, discriminator = network_arguments(first)
        own = settings["enhancer"]

        def build(_settings):
            weights = [module.state_dict() for module in new_networks(first)]
            return grow(network, weights[0], own["channels"], own["n_blocks"], discriminator, weights[1])

    with warnings.catch_warnings(), META:
        warnings.filterwarnings("ignore", message=".*no-op")
        perceptual = PerceptualNetwork("test", [torch.nn.Conv2d(3, 4, 3, 2, 1)], [1.0])
        trainer = Trainer(first, perceptual, META, FLOAT32, 10, build=build)
        trainer.step = trainer.single_frame_steps
        for optimiser in trainer.optimisers.values():
            optimiser.step = lambda: None
        channels = {"skeleton": 3, "image": 3}
        channels |= {"background": 3} if settings["generator"]["background"] else {}
        channels |= {"reference": 4, "mask": 1} if settings["generator"]["references"] else {}
        batch = {
            name: torch.empty(1, 2, count, edge, edge, dtype=torch.uint8) for name, count in channels.items()
        }
        with FlopCounterMode(display=False) as counter:
            trainer.update(batch)
    return counter.get_total_flops()


STUDIO = CONFIG["presets"]["studio"]["train"]
RECIPES = {
    "demo": DEMO,
    "studio": DEMO | STUDIO | {
        key: DEMO[key] | STUDIO[key] for key in ("generator", "discriminator")
    },
    "paper": PAPER | {
        "generator": PAPER_NETWORK, "discriminator": DEMO["discriminator"] | PAPER["discriminator"],
        "weights": DEMO["weights"] | PAPER["weights"],
    },
}  # fmt: skip


@pytest.mark.parametrize("stage", ["demo", "studio", "paper", "enhancer"])
def test_a_steps_operations_are_those_that_torch_counts_or_up_to_twice_as_many(stage):
    settings = RECIPES["paper" if stage == "enhancer" else stage] | {"perceptual": "efficientnet-lite0"}
    grown = stage == "enhancer"
    edge = 256 if settings["enhancer"] and not grown else 512  # the first of the paper's stages sees half
    found = step_operations(settings | {"single_frame_share": 0.0}, 512, stage if grown else "generator")
    assert 1 <= found / counted(settings, edge, grown) < 2


def test_a_training_asks_for_a_day_at_most_and_goes_on_in_the_next_attempt():
    paper = RECIPES["paper"] | {"epochs": 30}
    minutes = training_minutes(paper, 1024, 36_000, "enhancer")
    assert minutes > 4 * 1440
    assert [training_again(minutes, attempt, 1440) for attempt in (1, 2, 4)] == [1440] * 3
    assert [training_again(1000, attempt, 1200) for attempt in (1, 2)] == [1000, 1200]


def test_the_shipped_recipes_ask_for_hours_on_a_minute_of_footage():
    asked = [
        training_minutes(RECIPES[name], edge, 1500) for name, edge in (("studio", 1024), ("paper", 1024))
    ]
    assert all(60 < minutes < 1440 for minutes in asked)  # they were 43 and 25 hours
    assert 20 < training_minutes(DEMO, 512, 1500) < 60
