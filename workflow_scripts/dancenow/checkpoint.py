"""The generator's own file. Nothing is unpickled."""

import json

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.networks import Generator


def save_generator(path, weights, description, plate=None):
    """Write a generator that explains itself.

    weights: state dict; description: JSON-able dict with at least `network` (Generator's arguments),
    `window`, `width`, `height`, `seed`, `step`; plate: (H, W, 3) uint8 or None.
    """
    tensors = {f"generator.{name}": value.detach().cpu().contiguous() for name, value in weights.items()}
    if plate is not None:
        tensors["plate"] = torch.from_numpy(np.ascontiguousarray(plate))
    with atomic_path(path) as partial:
        try:
            save_file(tensors, partial, metadata={"dancenow": json.dumps(description, sort_keys=True)})
        except SafetensorError as error:
            raise InputError(f"{path}: cannot be written ({error}); free space on its disk") from error


def load_generator(path):
    """Read a generator file: (Generator in eval mode, description dict, plate (H, W, 3) uint8 or None).

    InputError when the file is not one.
    """
    try:
        with safe_open(path, framework="pt") as stored:
            description = json.loads((stored.metadata() or {})["dancenow"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        plate = tensors.pop("plate", None)
        generator = Generator(**description["network"])
        generator.load_state_dict({name.removeprefix("generator."): value for name, value in tensors.items()})
    except (SafetensorError, OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]  # torch's is a page
        raise InputError(f"{path}: not a generator file ({reason}); delete it to train it again") from error
    return generator.eval(), description, None if plate is None else plate.numpy()
