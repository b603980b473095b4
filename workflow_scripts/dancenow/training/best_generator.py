"""The generator whose held-out preview came nearest to the footage."""

import logging
import math
from pathlib import Path

import numpy as np

from dancenow.errors import InputError
from dancenow.model.checkpoint import read_description, save_generator
from dancenow.training.previews import Previews
from dancenow.training.trainer import Trainer

log = logging.getLogger(__name__)


class BestGenerator:
    """Makes each preview, and saves the averaged generator of the one with the lowest error in one file.

    path: of the file; previews: a Previews, whose error is the measure, so that it costs no second pass;
    description, background: as in save_generator, without `step`. Its state is in the file, so a
    training that was stopped continues with it; a preview made twice has the same error twice.
    """

    def __init__(
        self, path: str | Path, previews: Previews, description: dict, background: np.ndarray | None
    ) -> None:
        self.path, self.previews = Path(path), previews
        self.description, self.background = description, background

    def __call__(self, trainer: Trainer) -> float:
        """Returns the preview's error."""
        error = round(self.previews(trainer), 3)
        if not self._lowest() <= error:
            about = self.description | {"step": trainer.step, "heldout_error": error}
            save_generator(self.path, trainer.average.state_dict(), about, self.background)
        return error

    def facts(self) -> dict[str, float]:
        """{best_step, best_error} of the file."""
        description = read_description(self.path, "generator")
        return {"best_step": description["step"], "best_error": description["heldout_error"]}

    def _lowest(self) -> float:
        """The error in the file; infinite without a file, or with a damaged one, which is logged."""
        try:
            return self.facts()["best_error"]
        except FileNotFoundError:
            return math.inf
        except InputError as error:
            log.warning("%s; this preview takes its place", error)
            return math.inf
