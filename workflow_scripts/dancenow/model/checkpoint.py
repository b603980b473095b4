"""The files of trained networks, each self-describing. Nothing is unpickled."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from dancenow.errors import InputError, one_line
from dancenow.files import atomic_path, parse_json, read_through
from dancenow.kinds import fits
from dancenow.model.enhancer import EnhancedGenerator
from dancenow.model.networks import Generator, fill


def _window_sizes(value: Any) -> bool:
    return fits(value, [[range(8, 1 << 20, 8)] * 2]) and bool(value)


NETWORK_KINDS = {"references": bool, "background": bool, "sizes": _window_sizes}  # of descriptions


def save_generator(
    path: str | Path,
    weights: dict[str, torch.Tensor],
    description: dict,
    background: np.ndarray | None = None,
) -> None:
    """Write a self-describing generator file.

    weights: state dict; description: JSON-able dict with at least `network` (Generator's arguments), `sizes`
    (of windows, as from windows.choose_sizes), `width`, `height`, `seed`, `step`, for an EnhancedGenerator
    also `enhancer` (its channels and blocks), for a face generator `face` (its size); background: (H, W, 3)
    uint8 or None.
    """
    tensors = {f"generator.{name}": value.detach().cpu().contiguous() for name, value in weights.items()}
    if background is not None:
        tensors["background"] = torch.from_numpy(np.ascontiguousarray(background))
    _write(path, tensors, description)


def load_generator(path: str | Path) -> tuple[Generator | EnhancedGenerator, dict, np.ndarray | None]:
    """Read a generator file: (generator in eval mode, description dict, background (H, W, 3) uint8 or None).

    The generator is a Generator or an EnhancedGenerator. InputError if the file is not one, and where a key
    of the description is asked for that another version did not write.
    """
    tensors, description = read_network(path, "generator")
    background = tensors.pop("background", None)
    if background is not None and (
        background.shape != (description["height"], description["width"], 3)
        or background.dtype != torch.uint8
    ):
        raise refused(path, "generator", ValueError("its background is of another size"))
    enhancer = description.get("enhancer")
    try:
        network = description["network"]
        generator = EnhancedGenerator(network, **enhancer) if enhancer else Generator(**network)
    except (ValueError, TypeError) as error:
        raise refused(path, "generator", error) from error
    weights = {name.removeprefix("generator."): value for name, value in tensors.items()}
    load_weights(generator, weights, path, "generator")
    return generator.eval(), description, None if background is None else background.numpy()


def save_discriminator(path: str | Path, weights: dict[str, torch.Tensor], settings: dict) -> None:
    """Write a Discriminator for a later stage to start from. weights: state dict; settings: its arguments."""
    save_network(path, weights, settings)


def save_network(path: str | Path, weights: dict[str, torch.Tensor], description: dict) -> None:
    """Write any other network for read_network. weights: state dict; description: a JSON-able dict."""
    _write(path, {name: value.detach().cpu().contiguous() for name, value in weights.items()}, description)


def read_network(path: str | Path, what: str) -> tuple[dict[str, torch.Tensor], dict]:
    """Tensors by name, and the description, of a file of this module.

    InputError: its content is not a `what`; OSError: it cannot be read.
    """
    with _opened(path, what) as (stored, description):
        return {name: stored.get_tensor(name) for name in stored.keys()}, description  # noqa: SIM118


def read_description(path: str | Path, what: str) -> dict:
    """The description only; errors as in read_network."""
    with _opened(path, what) as (_, description):
        return description


@contextmanager
def _opened(path: str | Path, what: str) -> Iterator[tuple[safe_open, dict]]:
    """The open file and its description."""
    read_through(path)
    try:
        with safe_open(path, framework="pt") as stored:
            yield stored, parse_json((stored.metadata() or {})["dancenow"], path, NETWORK_KINDS)
    except (SafetensorError, KeyError, ValueError) as error:
        raise refused(path, what, error) from error


def load_weights(
    network: torch.nn.Module, weights: dict[str, torch.Tensor], path: str | Path, what: str
) -> None:
    """Fill a module from tensors by name; InputError if they do not fit: the file is not a `what`."""
    try:
        fill(network, weights)
    except ValueError as error:
        raise refused(path, what, error) from error


def refused(path: str | Path, what: str, error: Exception) -> InputError:
    """The error to raise where a file is not a `what`, and why."""
    return InputError(f"{path}: not a {what} file ({one_line(error)}); delete it to train it again")


def _write(path: str | Path, tensors: dict[str, torch.Tensor], description: dict) -> None:
    with atomic_path(path) as partial:
        try:
            save_file(tensors, partial, metadata={"dancenow": json.dumps(description, sort_keys=True)})
        except SafetensorError as error:
            raise InputError(f"{path}: cannot be written ({error}); free space on its disk") from error
