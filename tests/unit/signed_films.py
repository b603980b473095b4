"""Small films, signed and not, and boxes to put behind them."""

import struct

import numpy as np

from dancenow.provenance import keys
from dancenow.provenance.manifest import inputs_of, sign
from dancenow.provenance.xmp import boxes
from dancenow.video.media import encode

FILM_SIZE = 64, 48


def film(path, shade):
    """A film of eight grey frames in the file `path`, which is returned."""
    width, height = FILM_SIZE
    frames = [np.full((height, width, 3), shade + 9 * step, np.uint8) for step in range(8)]
    encode(path, frames, "25/1", width, height)
    return path


def sign_films(folder):
    """Make source.mp4, plain.mp4, signed.mp4 (that, signed), others.mp4 (signed) and a key in `folder`."""
    film(folder / "source.mp4", 30)
    signer = keys.signing_key(folder=folder / "keys")
    for name, shade in (("signed", 60), ("others", 90)):
        path = film(folder / f"{name}.mp4", shade)
        if name == "signed":
            (folder / "plain.mp4").write_bytes(path.read_bytes())
        inputs = inputs_of({"pose": folder / "source.mp4", "face": []}, {"a": 1}, {}, "c0de" * 16, 0x5EED1234)
        sign(path, path.name, signer, True, {"source": [folder / "source.mp4"]}, inputs)


def content(path, kind, number=b""):
    """(start, size) of a box's content."""
    return next((start, size) for k, n, start, size in boxes(path) if (k, n) == (kind, number))


def box(kind, held, size=None):
    """A box of an mp4 that holds the bytes `held`; size: what it claims, if that is not so."""
    return struct.pack(">I4s", 8 + len(held) if size is None else size, kind) + held
