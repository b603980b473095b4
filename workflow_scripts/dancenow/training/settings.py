"""The settings that determine a training, typed: the section `train` of the configuration, by stage.

`of` of a stage's settings takes its part out of a `train` section; their `asdict` is the rule's param, the
workers' JSON and part of a checkpoint's identity; `read_settings` makes them again. A key that is unknown or
missing is an InputError that names it. The schema says what the values may be.
"""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Self

from dancenow.errors import InputError

# keys of `train` that are not settings of the first stage: separate params, and the later stages
NOT_OF_THE_FIRST = ("holdout", "perceptual", "enhancer", "face")


@dataclass(frozen=True)
class FaceWeights:
    """Factors of the terms of the face generator's loss."""

    gan: float
    perceptual: float
    l1: float


@dataclass(frozen=True)
class Weights(FaceWeights):
    """Factors of the terms of a whole picture's loss."""

    feature_matching: float


@dataclass(frozen=True)
class FaceNetwork:
    """Arguments of model.networks.Generator for the face generator."""

    channels: int
    n_downsample: int
    n_blocks: int


@dataclass(frozen=True)
class Network(FaceNetwork):
    """Arguments of the first stage's Generator; `temporal` is a setting of the stage."""

    unshuffle: int
    skips: bool
    background: bool
    references: bool


@dataclass(frozen=True)
class FaceDiscriminatorNetwork:
    """Arguments of model.networks.PatchDiscriminator."""

    channels: int
    layers: int


@dataclass(frozen=True)
class DiscriminatorNetwork(FaceDiscriminatorNetwork):
    """Arguments of model.networks.Discriminator; `frames` follows from the stage's `temporal`."""

    scales: int


@dataclass(frozen=True)
class EnhancerNetwork:
    """Arguments of model.enhancer.EnhancedGenerator, besides those of its trunk."""

    channels: int
    n_blocks: int


@dataclass(frozen=True)
class FaceSquare:
    """size: edge in px of the square around the nose."""

    size: int


@dataclass(frozen=True)
class Recipe:
    """How a stage learns; config.yaml explains each key. With `epochs`, `steps` is ignored."""

    seed: int
    steps: int | None
    epochs: float | None
    batch: int
    single_frame_share: float
    learning_rate: float
    lr_decay_share: float
    ema: float

    def steps_over(self, samples: int) -> int:
        """Optimiser steps of a training on so many samples; ValueError: neither epochs nor steps."""
        if self.epochs:
            return max(1, round(self.epochs * samples / self.batch))
        if self.steps is None:
            raise ValueError("settings with neither epochs nor steps")
        return self.steps


@dataclass(frozen=True)
class FirstSettings(Recipe):
    """Settings of the first stage. init_from: a subject whose generator initializes it, or None."""

    init_from: str | None
    temporal: bool
    last_frame_corruption: float
    weights: Weights
    generator: Network
    discriminator: DiscriminatorNetwork

    @classmethod
    def of(cls, train: dict, target: str | None = None) -> Self:
        """From a whole `train` section; the target named by init_from itself starts from random weights."""
        own = {key: value for key, value in train.items() if key not in NOT_OF_THE_FIRST}
        if target is not None and own.get("init_from") == target:
            own["init_from"] = None
        return read(cls, own, "train")


@dataclass(frozen=True)
class EnhancerSettings(Recipe):
    """Settings of the second stage, whose `steps` is None."""

    last_frame_corruption: float
    weights: Weights
    enhancer: EnhancerNetwork

    @classmethod
    def of(cls, train: dict) -> Self:
        """From a whole `train` section that has an `enhancer`."""
        own, network = _apart(train["enhancer"], EnhancerNetwork, "train.enhancer")
        shared = {"steps": None, "last_frame_corruption": train["last_frame_corruption"]}
        given = _shared(train) | shared | own
        return read(cls, given | {"enhancer": network}, "train.enhancer")


@dataclass(frozen=True)
class FaceSettings(Recipe):
    """Of the face stage."""

    weights: FaceWeights
    generator: FaceNetwork
    discriminator: FaceDiscriminatorNetwork
    face: FaceSquare

    @classmethod
    def of(cls, train: dict) -> Self:
        """From a whole `train` section that has a `face`."""
        own, square = _apart(train["face"], FaceSquare, "train.face")
        return read(cls, _shared(train) | own | {"face": square}, "train.face")


StageSettings = FirstSettings | EnhancerSettings | FaceSettings
LATER = {"face": FaceSettings, "enhancer": EnhancerSettings}


def read_settings(given: dict) -> StageSettings:
    """The settings from their `asdict`; later stages are recognised by the key with their name."""
    kind = next((kind for key, kind in LATER.items() if key in given), FirstSettings)
    return read(kind, given, "settings")


def read(kind: Any, given: dict, place: str) -> Any:
    """Make a dataclass from a dict, and nested dataclasses from nested dicts.

    InputError names a key by `place` and its own.
    """
    known = {field.name: field.type for field in fields(kind)}
    for wrong, fault in ((given.keys() - known, "unknown"), (known.keys() - given.keys(), "missing")):
        if wrong:
            names = ", ".join(f"{place}.{key}" for key in sorted(wrong))
            raise InputError(f"{names}: {fault}; {place} takes: {', '.join(known)}")
    values = {
        key: read(kept, given[key], f"{place}.{key}")
        if is_dataclass(kept) and isinstance(given[key], dict)
        else given[key]
        for key, kept in known.items()
    }
    return kind(**values)


def _shared(train: dict) -> dict:
    """The settings that later stages share with the first, without single-frame steps."""
    shared = {key: train[key] for key in ("seed", "batch", "lr_decay_share", "ema")}
    return shared | {"single_frame_share": 0.0}


def _apart(section: dict, kind: Any, place: str) -> tuple[dict, Any]:
    """A later stage's section without the keys of `kind`, and those as one: (dict, kind)."""
    names = {field.name for field in fields(kind)}
    rest = {key: value for key, value in section.items() if key not in names}
    return rest, read(kind, {key: section[key] for key in section.keys() & names}, place)
