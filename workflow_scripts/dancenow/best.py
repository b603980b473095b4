"""The generator whose held-out preview came nearest to the footage."""

import json
from pathlib import Path

from safetensors import safe_open

from dancenow.checkpoint import save_generator


class BestGenerator:
    """Makes each preview, and keeps the averaged generator of the one with the lowest error in one file.

    path: of the file; previews: a Previews, whose error is the measure, so that it costs no second pass;
    description, plate: as save_generator takes them, without `step`. What it knows is in the file, so a
    training that was stopped goes on with it; a preview that is made twice has the same error twice.
    """

    def __init__(self, path, previews, description, plate):
        self.path, self.previews = Path(path), previews
        self.description, self.plate = description, plate

    def __call__(self, trainer):
        """Returns the preview's error."""
        error = round(self.previews(trainer), 3)
        if not (self.path.exists() and self.facts()["best_error"] <= error):
            about = self.description | {"step": trainer.step, "heldout_error": error}
            save_generator(self.path, trainer.average.state_dict(), about, self.plate)
        return error

    def facts(self):
        """{best_step, best_error} of the file."""
        with safe_open(self.path, framework="pt") as stored:
            description = json.loads(stored.metadata()["dancenow"])
        return {"best_step": description["step"], "best_error": description["heldout_error"]}
