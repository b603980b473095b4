"""Convert pixels of a clip as displayed to those of its frame store, and back."""

from collections.abc import Callable

import numpy as np

# Working coordinates are rounded to this fraction of a pixel, far below the resolution of float32 except
# within 0.0001 px of the frame's edge, so that the last bits of the conversion and back do not matter.
ROUNDING_GRID = 2.0**36
DECIMALS = 13


def to_working(places: np.ndarray, facts: dict) -> np.ndarray:
    """(..., 2) float32 places in the frame store for (..., 2) float64 places in the displayed clip.

    facts: the JSON of a frame store. Pixel centres lie at integers on both sides.
    """
    scale, crop = _fit(facts)
    return (np.rint(((places + 0.5) * scale - 0.5 - crop) * ROUNDING_GRID) / ROUNDING_GRID).astype(np.float32)


def to_clip(places: np.ndarray, facts: dict) -> np.ndarray:
    """(..., 2) float64 places in the displayed clip for (..., 2) float32 places in the frame store.

    Of the many numbers that to_working maps to the same float32, each result is the one with the
    fewest decimals: a coordinate read from a file as 582.349 is written as 582.349.
    """
    scale, crop = _fit(facts)
    exact = (places.astype(np.float64) + 0.5 + crop) / scale - 0.5
    return shortest(exact, places, lambda values: to_working(values, facts))


def shortest(exact: np.ndarray, wanted: np.ndarray, back: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """`exact` (float64), each number rounded to the fewest decimals for which back(...) gives `wanted`."""
    result, left = exact.copy(), np.ones(exact.shape, bool)
    for decimals in range(DECIMALS):
        rounded = np.round(exact, decimals)
        done = left & (back(rounded) == wanted)
        result[done] = rounded[done]
        left &= ~done
        if not left.any():
            break
    return result


def _fit(facts: dict) -> tuple[np.ndarray, np.ndarray]:
    # with several clips, the first
    clip = facts["clips"][0]
    fit = clip["fit"]
    scale = np.array([fit["scaled_width"] / clip["width"], fit["scaled_height"] / clip["height"]])
    return scale, np.array([fit["crop_x"], fit["crop_y"]]) + scale * (clip["crop"] or (0, 0))[:2]
