"""The differences between the stages of a training: networks, samples, previews, stored files.

A stage has: background ((H, W, 3) uint8 or None); stored_background, the part stored in its file; start,
JSON-able, what it starts from, part of its identity; about, the description of its network in the file;
temporal, whether what it learns from are pairs of frames and what leads up to them, not single frames;
references, whether its generator sees real pixels; discriminator, if that is saved, its arguments; and the
methods sampler, trainer and previews, which take what ClipSampler, Trainer (without settings) and Previews
take.
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path

from dancenow.errors import InputError
from dancenow.files import sha256
from dancenow.model.checkpoint import load_generator, load_weights, read_network
from dancenow.model.enhancer import EnhancedGenerator, grow
from dancenow.model.networks import Discriminator, Generator
from dancenow.pictures import read_png
from dancenow.training.dataset import ClipSampler
from dancenow.training.face_training import FacePreviews, FaceSampler, FaceTrainer
from dancenow.training.paths import StageInputs
from dancenow.training.previews import Previews
from dancenow.training.settings import EnhancerSettings, FaceSettings, FirstSettings, StageSettings
from dancenow.training.trainer import Trainer, network_arguments, new_networks


def open_stage(inputs: StageInputs, settings: StageSettings) -> "FirstStage | EnhancerStage | FaceStage":
    """The stage that the settings belong to. InputError if a network that it starts from does not fit."""
    stages = {FirstSettings: FirstStage, EnhancerSettings: EnhancerStage, FaceSettings: FaceStage}
    return stages[type(settings)](inputs, settings)


class FirstStage:
    """A generator from random weights, as in the paper's global stage, or from another target's."""

    def __init__(self, inputs: StageInputs, settings: FirstSettings):
        self.background = read_png(Path(inputs.path("background"))) if settings.generator.background else None
        self.stored_background = self.background
        network, self.discriminator = network_arguments(settings)
        self.about, self.temporal = {"network": network}, settings.temporal
        self.sampler, self.previews = ClipSampler, Previews
        self.references = settings.generator.references
        given = ["init_from"] if settings.init_from else []
        self.start = digests(inputs, *given, *(("references", "masks") if self.references else ()))
        weights = load_generator(inputs.path("init_from"))[0].state_dict() if settings.init_from else None

        def build(settings: FirstSettings) -> tuple[Generator, Discriminator]:
            generator, discriminator = new_networks(settings)
            if weights is not None:
                load_weights(generator, weights, inputs.path("init_from"), "generator of this network")
            return generator, discriminator

        self.trainer = partial(Trainer, settings, build=build)


class EnhancerStage:
    """The local enhancer around the first stage's generator; both are trained."""

    def __init__(self, inputs: StageInputs, settings: EnhancerSettings):
        first, description, background = load_generator(inputs.path("generator"))
        if background is not None:
            raise InputError(
                f"{inputs.generator}: has a background; the enhancer takes a generator without one"
            )
        discriminator_weights, discriminator_settings = read_network(
            inputs.path("discriminator"), "discriminator"
        )
        self.background = self.stored_background = None
        self.start = digests(inputs, "generator", "discriminator")
        self.about = {"network": description["network"], "enhancer": asdict(settings.enhancer)}
        self.temporal, self.sampler, self.previews = first.temporal, ClipSampler, Previews
        self.references = False
        own = settings.enhancer

        def build(_settings: EnhancerSettings) -> tuple[EnhancedGenerator, Discriminator]:
            weights = first.state_dict()
            try:
                return grow(
                    description["network"],
                    weights,
                    own.channels,
                    own.n_blocks,
                    discriminator_settings,
                    discriminator_weights,
                )
            except ValueError as error:
                raise InputError(f"train.enhancer: {error}; change it or train.generator") from error

        self.trainer = partial(Trainer, settings, build=build)


class FaceStage:
    """The face generator after a trained generator, which is frozen."""

    def __init__(self, inputs: StageInputs, settings: FaceSettings):
        main, _, self.background = load_generator(inputs.path("generator"))
        self.stored_background, self.temporal = None, main.temporal
        self.references = main.references
        self.start = digests(inputs, "generator", *(["references"] if self.references else []))
        self.about = {"network": asdict(settings.generator), "face": asdict(settings.face)}
        size = settings.face.size
        self.sampler = partial(FaceSampler, size)
        self.previews = partial(FacePreviews, size, main)
        self.trainer = partial(FaceTrainer, settings, main=main)


Stage = FirstStage | EnhancerStage | FaceStage


def digests(inputs: StageInputs, *names: str) -> dict[str, str]:
    """{name: SHA-256 of the input file of this name}."""
    return {name: sha256(inputs.path(name)) for name in names}
