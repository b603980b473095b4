"""Settings are read once, whole, and every unknown or missing key is named."""

import json
from copy import deepcopy
from dataclasses import FrozenInstanceError, asdict

import pytest
import yaml

from dancenow.errors import InputError
from dancenow.planning.configuration import lay_over
from dancenow.training.paths import StageInputs, StageOutputs
from dancenow.training.settings import EnhancerSettings, FaceSettings, FirstSettings, read_settings
from running import ROOT
from tiny_training import INPUTS, OUTPUTS, STAGES, settings

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())


def train(preset):
    """The `train` section of a preset."""
    section = deepcopy(CONFIG["train"])
    lay_over(section, CONFIG["presets"][preset].get("train", {}))
    return section


@pytest.mark.parametrize("stage", STAGES)
def test_a_rules_param_and_a_workers_json_make_the_same_settings(stage):
    assert asdict(settings(stage)) == STAGES[stage]
    assert read_settings(json.loads(json.dumps(asdict(settings(stage))))) == settings(stage)


def test_the_class_is_that_of_the_stage_and_nothing_changes_it():
    assert [type(settings(stage)) for stage in STAGES] == [FirstSettings, EnhancerSettings, FaceSettings]
    with pytest.raises(FrozenInstanceError):
        settings().seed = 1


@pytest.mark.parametrize("preset", CONFIG["presets"])
def test_each_stage_takes_its_part_of_every_preset(preset):
    section = train(preset)
    first = FirstSettings.of(section)
    assert (first.seed, first.steps, first.last_frame_corruption) == (
        section["seed"],
        section["steps"],
        section["last_frame_corruption"],
    )
    assert asdict(first.generator) == section["generator"]
    for name, kind in (("enhancer", EnhancerSettings), ("face", FaceSettings)):
        if section[name]:
            later = kind.of(section)
            assert asdict(later.weights) == section[name]["weights"]
            assert (later.seed, later.epochs, later.single_frame_share) == (
                section["seed"],
                section[name]["epochs"],
                0,
            )
            assert read_settings(asdict(later)) == later


def test_the_target_that_others_start_from_starts_from_nothing():
    section = train("demo") | {"init_from": "anna"}
    assert (
        FirstSettings.of(section, target="bob").init_from == "anna"
        and FirstSettings.of(section, target="anna").init_from is None
    )


def test_epochs_take_the_place_of_steps():
    assert settings(steps=7).steps_over(100) == 7
    assert settings(steps=7, epochs=1.5, batch=2).steps_over(100) == 75
    assert settings(epochs=0.001).steps_over(100) == 1


@pytest.mark.parametrize(
    "place, change, message",
    [
        ((), {"ema": ...}, r"^train\.ema: missing; train takes: seed, "),
        ((), {"shades": 1}, r"^train\.shades: unknown"),
        (("weights",), {"l2": 1.0}, r"^train\.weights\.l2: unknown; train.weights takes: gan, "),
        (("generator",), {"background": ...}, r"^train\.generator\.background: missing"),
        (("face",), {"sise": 64}, r"^train\.face\.sise: unknown"),
        (("face",), {"size": ...}, r"^train\.face\.size: missing"),
        (("face", "weights"), {"feature_matching": 1.0}, r"^train\.face\.weights\.feature_matching: unknown"),
    ],
)  # fmt: skip
def test_a_key_that_is_unknown_or_missing_is_named(place, change, message):
    section = whole = train("smoke")
    for key in place:
        section = section[key]
    for key, value in change.items():
        if value is ...:
            del section[key]
        else:
            section[key] = value
    with pytest.raises(InputError, match=message):
        (FaceSettings if "face" in place else FirstSettings).of(whole)


def test_files_that_a_stage_lacks_are_none_and_others_are_refused():
    inputs = StageInputs.of(INPUTS | {"background": []})
    assert (inputs.background, inputs.init_from, inputs.frames) == (None, None, INPUTS["frames"])
    assert StageOutputs.of(OUTPUTS).discriminator and StageInputs.of(vars(inputs)) == inputs
    with pytest.raises(InputError, match="^depth: no file of a training stage; add it to StageInputs"):
        StageInputs.of(INPUTS | {"depth": "depth.npz"})
    with pytest.raises(TypeError, match="'pose'"):
        StageInputs.of({"frames": "a.avi", "perceptual": "perceptual.json"})
