"""The input and output files of a training stage, by name; None for files that the stage does not have."""

from dataclasses import dataclass, fields
from typing import Self

from dancenow.errors import InputError


@dataclass(frozen=True)
class _Paths:
    @classmethod
    def of(cls, given: dict) -> Self:
        """From {name: path}; an empty list, as of an input function without files, is None.

        InputError names a file that no stage has. Without one that every stage has: TypeError.
        """
        unknown = given.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise InputError(
                f"{', '.join(sorted(unknown))}: no file of a training stage; add it to {cls.__name__}"
            )
        return cls(**{name: str(path) if path else None for name, path in given.items()})


@dataclass(frozen=True)
class StageInputs(_Paths):
    """Input files of a stage.

    background, init_from, references, masks: of the first; generator: of the later ones, the network that
    they go on from; discriminator: of the enhancer; references: of the face too; steady: the view
    into which the frames of a moving camera are warped.
    """

    frames: str
    pose: str
    perceptual: str
    background: str | None = None
    init_from: str | None = None
    references: str | None = None
    masks: str | None = None
    steady: str | None = None
    generator: str | None = None
    discriminator: str | None = None

    def path(self, name: str) -> str:
        """The path of this name, for a stage that cannot do without; ValueError: it was given none."""
        found = getattr(self, name)
        if found is None:
            raise ValueError(f"{name}: the stage takes such a file, and was given none")
        return found


@dataclass(frozen=True)
class StageOutputs(_Paths):
    """Output files of a stage. discriminator: of the first stage, from which the enhancer starts."""

    generator: str
    best: str
    losses: str
    settings: str
    training: str
    progress: str
    video: str
    discriminator: str | None = None
