"""The invisible mark: a keyed pattern on the luma of every synthesized frame.

The same tile repeats over the frame and is the same in all frames: nothing flickers, chunks agree, and no
cut, rate or length changes it. It is stronger where the picture is busy all around, not on the plain
side of an edge, where it would be most visible. How strong it is in all follows from what each frame may lose
in SSIM and PSNR, which is measured; docs/lab/provenance.md has the gain of both.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from dancenow.errors import AWAY, InputError
from dancenow.files import FULL, is_open_to_others, open_regular
from dancenow.provenance.pattern import PAYLOAD_BITS, Pattern

KEY_BYTES = 32
FLAT = 10.0  # levels of deviation that a plain surface is taken to have
SSIM_LOSS, SSIM_AIM = 0.00195, 0.0019  # what a frame may lose of it, and what the steps aim at
SSIM_STEPS = 3  # because of the rounding the loss is not quite the square of the strength
LOUDEST_MARK = 1.9  # levels of deviation: a PSNR of 42.6 dB
SSIM_WINDOW = 7, 7  # px
SSIM_SAMPLE = np.s_[::2, ::2]  # where SSIM is measured: as good as everywhere, in less time
SSIM_UNBIASED = 49 / 48  # of the variance in such a window
SSIM_LIGHT = 6.5  # (0.01 * 255) ** 2, SSIM's constant of the mean
SSIM_CONSTANT = 58.5  # (0.03 * 255) ** 2, SSIM's constant that tells how much a plain surface shows
STRONGEST = 3.0  # levels


def load_key(path: str | Path) -> bytes:
    """The secret key in the file `path`, made at the first call: bytes, mode 0600.

    Raises InputError if others may read it, or if it is not a key.
    """
    path = Path(path)
    remedy = "restore it from your copy, or delete it to make a new one, "
    remedy += "which cannot find marks made with the old one"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        with open_regular(path, KEY_BYTES << 10) as file:
            mode, key = stat.S_IMODE(os.fstat(file.fileno()).st_mode), file.read()
    except OSError as error:
        if error.errno in FULL | AWAY:
            raise
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    if is_open_to_others(path):
        raise InputError(f"{path}: others may read the secret key (mode {mode:04o}); run: chmod 600 {path}")
    if len(key) != KEY_BYTES:
        raise InputError(f"{path}: {len(key)} bytes, but a key has {KEY_BYTES}; {remedy}")
    return key


def payload_of(paths: Iterable[str | Path]) -> int:
    """The payload that identifies a result: the first 32 bits of a SHA-256 over the files `paths`."""
    whole = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return int.from_bytes(whole.digest()[: PAYLOAD_BITS // 8], "big")


class Mark:
    """Marks frames of one size, (H, W, 3) uint8 RGB.

    key: bytes; payload: an int of 32 bits. A tile is half as wide as the frame's longer edge, so that a
    smaller copy of a video keeps as much of its mark, whatever the size it had.
    """

    def __init__(self, key: bytes, payload: int, width: int, height: int) -> None:
        side = max(width, height) // 2
        tile = Pattern(key).tile(payload, side)
        across, down = -(-width // side), -(-height // side)
        self.pattern = np.tile(tile, (down, across))[:height, :width]

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """The marked copy of a frame: the same change in red, green and blue, so that no colour shifts."""
        change = self.pattern * strength(frame)
        prices, rounded = _prices(frame), np.empty_like(change)
        loudest = LOUDEST_MARK / max(float(np.sqrt(np.mean(change**2))), 1e-6)
        share = min(loudest, 1.0)
        for _ in range(SSIM_STEPS):
            lost = _lost(prices, share, change, rounded)
            share = min(loudest, share * np.sqrt(SSIM_AIM / max(lost, SSIM_AIM / 4)))
        while _lost(prices, share, change, rounded) > SSIM_LOSS:
            share *= 0.97
        up, down = (cv2.merge([np.maximum(part, 0).astype(np.uint8)] * 3) for part in (rounded, -rounded))
        return cv2.subtract(cv2.add(frame, up), down)


def _prices(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a small change, the same in all channels, costs of the SSIM of a frame (H, W, 3) uint8.

    The price of a change's square at the SSIM_SAMPLE pixels, and what it costs less where it moves the mean
    of a window, which is cheaper than its variance, both float32 (Wang et al., Image quality assessment, IEEE
    TIP 2004).
    """
    varied = lighter = np.zeros((), np.float32)
    for channel in cv2.split(frame):
        square = cv2.boxFilter(channel, cv2.CV_32F, SSIM_WINDOW)[SSIM_SAMPLE] ** 2
        variance = cv2.sqrBoxFilter(channel, cv2.CV_32F, SSIM_WINDOW)[SSIM_SAMPLE] - square
        varied = varied + SSIM_UNBIASED / 3 / (2 * SSIM_UNBIASED * variance + SSIM_CONSTANT)
        lighter = lighter + 1 / 3 / (2 * square + SSIM_LIGHT)
    # three of the sampled windows cover a pixel across, three down
    return cv2.blur(varied, (3, 3)), varied - lighter


def _lost(
    prices: tuple[np.ndarray, np.ndarray], share: float, change: np.ndarray, rounded: np.ndarray
) -> float:
    """The SSIM that `share` of `change` (H, W) levels costs, once it is rounded, as `rounded` then is.

    prices: as of _prices.
    """
    # into the same memory each time: new memory costs as much as all of the rest
    np.rint(np.multiply(change, share, out=rounded), out=rounded)
    sample, mean = rounded[SSIM_SAMPLE], cv2.blur(rounded, SSIM_WINDOW)[SSIM_SAMPLE]
    return float(np.mean(sample * sample * prices[0]) - np.mean(mean * mean * prices[1]))


def strength(frame: np.ndarray) -> np.ndarray:
    """The mark's deviation in levels around each pixel of a frame (H, W, 3) uint8: (H, W) float32.

    It follows the picture's own deviation, of whose local values the least around a pixel counts, as far as
    the whole frame's SSIM allows: noise of variance v on a surface of variance s costs about
    v / (2 s + SSIM_CONSTANT).
    """
    height, width = frame.shape[:2]
    half = cv2.resize(frame, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(half, cv2.COLOR_RGB2GRAY).astype(np.float32)
    reach = max(3, max(width, height) // 128) | 1
    variance = np.maximum(cv2.blur(luma * luma, (reach, reach)) - cv2.blur(luma, (reach, reach)) ** 2, 0)
    around = np.ones((reach * 7 // 5 | 1,) * 2, np.uint8)
    deviation = cv2.blur(cv2.erode(np.sqrt(variance + FLAT**2), around), (3, 3))
    share = np.sqrt(SSIM_LOSS / np.mean(deviation**2 / (2 * variance + SSIM_CONSTANT)))
    return cv2.resize(np.minimum(share * deviation, STRONGEST), (width, height))


def _make_key(path: Path) -> None:
    """Write a new key; of several jobs that begin at once the first one's stays."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        _write_key(partial)
        with suppress(FileExistsError):
            try:
                os.link(partial, path)
            except FileExistsError:
                raise
            except OSError:  # a disk without hard links, where a job killed just now leaves half a key
                _write_key(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_key(path: Path) -> None:
    """Write a new key into a new file that only its owner may read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
