"""The keyed pattern of the invisible mark: one square tile, told by its Fourier coefficients.

A tile holds BINS low frequencies. The key turns the phase of each. PILOTS of them are the same for every
payload and tell where the tile lies; the others carry the payload's CHIPS, each several times. Whoever has
no key sees phases that are uniform noise, and that is what the stated probability rests on.

Spread spectrum after Cox et al., Secure spread spectrum watermarking for multimedia (IEEE TIP 1997); the
pilot that finds scale and place after Pereira and Pun (IEEE TIP 2000). The code of the payload is the
biorthogonal code of first-order Reed-Muller, decoded softly by correlation with all of its words.
"""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

GRID = 128  # samples a side at which a tile is looked at
PAYLOAD_BITS = 32
SYMBOLS, ORDER = 4, 7  # the payload is four symbols of 8 bits, each a word of 2**7 chips
CHIPS = SYMBOLS * 2**ORDER
REPEATS = 3
PILOTS = 408
BINS = PILOTS + CHIPS * REPEATS // 2  # a payload bin carries two chips, in its real and imaginary part
LOWEST = 5.0  # cycles a tile; below it the picture's own content drowns all


class Pattern:
    """What a key decides: `ky`, `kx` (BINS,) int frequencies, pilots first; `phase` (BINS,) complex, size 1.

    key: bytes, secret. Made of SHAKE-256 alone, so that no version of a library changes it. known: payloads
    that read takes into account before others.
    """

    def __init__(self, key: bytes, known: Sequence[int] = ()) -> None:
        self.known = known
        self.words = np.array([encode_payload(payload) for payload in known]).reshape(len(known), CHIPS)
        ky, kx = _frequencies()
        noise = np.frombuffer(hashlib.shake_256(b"dancenow mark 1" + key).digest(8 * BINS), "<u4").reshape(
            2, -1
        )
        order = np.argsort(noise[0], kind="stable")
        self.ky, self.kx = ky[order], kx[order]
        self.phase = np.exp(2j * np.pi * noise[1] / 2**32)

    def balanced(self, found: np.ndarray) -> np.ndarray:
        """Coefficients (BINS,) complex as `places` and `read` take them: their squares add up to BINS.

        found: coefficients over the power around them. The mark is steeper than what it lies in, where each
        window's frequencies were made alike, and low frequencies outlive a coarse encoding.
        """
        counted = found / np.sqrt(np.hypot(self.ky, self.kx))
        return counted / max(float(np.sqrt(np.mean(np.abs(counted) ** 2))), 1e-12)

    def tile(self, payload: int, side: int) -> np.ndarray:
        """One tile of `side` px, (side, side) float32, mean 0, variance 1, with `payload` (an int)."""
        chips = encode_payload(payload).repeat(REPEATS)
        sent = np.ones(BINS, complex)
        sent[PILOTS:] = (chips[0::2] + 1j * chips[1::2]) / np.sqrt(2)
        # as steep as pictures are: each frequency then stands out as much as the others
        sent *= self.phase / np.hypot(self.ky, self.kx)
        spectrum = np.zeros((side, side), complex)
        spectrum[self.ky, self.kx] = sent
        tile = np.fft.ifft2(spectrum).real
        return (tile / tile.std()).astype(np.float32)

    def places(self, units: np.ndarray, count: int) -> list[tuple[float, int, int]]:
        """The `count` places where the pilot fits best: [(score, y, x)], in samples of GRID.

        units: as of balanced. The score is the sum of the cosines of the pilots' phase errors, each as large
        as the unit is; its mean is 0 where there is no mark.
        """
        spectrum = np.zeros((GRID, GRID), complex)
        spectrum[self.ky[:PILOTS], self.kx[:PILOTS]] = (units * self.phase.conj())[:PILOTS]
        scores = np.fft.ifft2(spectrum).real.ravel() * GRID**2
        best = np.argpartition(scores, -count)[-count:]
        return [(float(scores[place]), place // GRID, place % GRID) for place in best.tolist()]

    def read(self, units: np.ndarray, y: int, x: int, known: bool = False) -> tuple[float, int, float]:
        """(score, payload, lead): what a tile at (y, x) says; known: of the known payloads alone.

        score: the sum of the cosines of all bins' phase errors for the likeliest payload, each as large as
        its unit; lead: of a known payload over the next one, else of that symbol over its next one that
        has the least.
        """
        moved = units * np.exp(2j * np.pi * (self.ky * y + self.kx * x) / GRID) * self.phase.conj()
        chips = np.empty(CHIPS * REPEATS)
        chips[0::2], chips[1::2] = moved[PILOTS:].real, moved[PILOTS:].imag
        soft = chips.reshape(CHIPS, REPEATS).sum(1)
        if known:
            fits = self.words @ soft
            best = int(fits.argmax())
            payload, likeness = self.known[best], float(fits[best])
            lead = likeness - float(np.delete(fits, best).max(initial=0.0))
        else:
            payload, likeness, margins = decode_payload(soft)
            lead = min(margins)
        # a bin carries two chips of size 1 / sqrt(2)
        return float(moved[:PILOTS].real.sum() + likeness / np.sqrt(2)), payload, lead


def encode_payload(payload: int) -> np.ndarray:
    """The (CHIPS,) float64 chips, each 1 or -1, of a payload of PAYLOAD_BITS bits."""
    if not 0 <= payload < 2**PAYLOAD_BITS:
        raise ValueError(f"payload {payload} has more than {PAYLOAD_BITS} bits")
    words = _words()
    symbols = payload.to_bytes(SYMBOLS, "big")
    return np.concatenate([words[s >> 1] * (1.0 - 2.0 * (s & 1)) for s in symbols])


def decode_payload(chips: np.ndarray) -> tuple[int, float, list[float]]:
    """Of soft `chips` (CHIPS,) the likeliest payload, its correlation with them, each symbol's lead."""
    likeness = chips.reshape(SYMBOLS, -1) @ _words()
    symbols, margins, total = bytearray(), [], 0.0
    for row in likeness:
        best, second = np.argsort(-np.abs(row), kind="stable")[:2]
        symbols.append(int(best) << 1 | int(row[best] < 0))
        margins.append(float(abs(row[best]) - abs(row[second])))
        total += float(abs(row[best]))
    return int.from_bytes(symbols, "big"), total, margins


@cache
def _words() -> np.ndarray:
    """The words of the code, a Hadamard matrix: (2**ORDER, 2**ORDER) of 1 and -1."""
    words = np.ones((1, 1))
    for _ in range(ORDER):
        words = np.kron([[1.0, 1.0], [1.0, -1.0]], words)
    return words


def _frequencies() -> tuple[np.ndarray, np.ndarray]:
    """The BINS lowest frequencies above LOWEST of one half of the plane, as (ky, kx) int arrays."""
    reach = 40
    ky, kx = np.mgrid[-reach : reach + 1, 0 : reach + 1].reshape(2, -1)
    size = ky**2 + kx**2
    kept = (size >= LOWEST**2) & ((kx > 0) | (ky > 0))
    ky, kx, size = ky[kept], kx[kept], size[kept]
    order = np.lexsort((kx, ky, size))[:BINS]
    return ky[order], kx[order]
