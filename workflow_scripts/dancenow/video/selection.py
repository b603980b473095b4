"""The part of a clip to use: its time span, frame rate and crop."""

from fractions import Fraction
from pathlib import Path

from dancenow.errors import InputError

__all__ = ["select"]


def select(
    path: str | Path,
    facts: dict,
    start: float | None = None,
    end: float | None = None,
    fps: float | None = None,
    crop: list[int] | None = None,
) -> dict:
    """The facts of a clip -> the facts of the part to use.

    start, end: s after the first frame, rounded to the nearest frame; fps: frame rate to use; crop:
    [x, y, w, h], px of the upright picture in square pixels, taken to even px of the coded picture. None
    changes nothing. Width, height, fps, frames, duration and start become those of the part, and
    three keys are added: clip_fps, the constant rate on which the clip is laid before; span, the first frame
    and the one after the last on that rate; crop, as it is taken, or None. Raises InputError, naming the
    clip, the key and what there is, when the clip has no such part.
    """
    rate, frames = Fraction(facts["fps"]), facts["frames"]
    wanted = _fraction(fps) if fps else rate
    if facts["variable_rate"] and fps:
        # There is no constant rate to keep, so convert directly to the requested one.
        rate, frames = wanted, max(1, _nearest(Fraction(frames) / rate * wanted))
    first, stop = _span(path, rate, frames, start, end)
    frames = max(1, _nearest((stop - first) / rate * wanted))
    return (
        facts
        | {
            "fps": _text(wanted),
            "frames": frames,
            "duration": float(frames / wanted),
            "start": facts["start"] + float(first / rate),
            "clip_fps": _text(rate),
            "span": [first, stop],
        }
        | _crop(path, facts, crop)
    )


def _span(
    path: str | Path, rate: Fraction, frames: int, start: float | None, end: float | None
) -> tuple[int, int]:
    whole = frames / rate
    first = _nearest(_fraction(start or 0) * rate)
    stop = frames if end is None else _nearest(_fraction(end) * rate)
    if first >= frames:
        raise InputError(
            f"{path}: start: {start:g} s, but the clip ends at {float(whole):.2f} s; set it lower"
        )
    if stop > frames:
        raise InputError(
            f"{path}: end: {end:g} s, but the clip ends at {float(whole):.2f} s; set it lower or leave it out"
        )
    if stop <= first:
        raise InputError(f"{path}: end: {end:g} s is not after start, {start or 0:g} s; set it higher")
    return first, stop


def _crop(path: str | Path, facts: dict, crop: list[int] | None) -> dict:
    if crop is None:
        return {"crop": None}
    x, y, w, h = crop
    width, height = facts["width"], facts["height"]
    if x + w > width or y + h > height:
        raise InputError(
            f"{path}: crop: {list(crop)} reaches beyond the upright picture, {width}x{height} px; "
            "x + w and y + h must lie within it"
        )
    across, down = pixel_shape(facts)
    left, wide = (_even(value / across) * across for value in (x, w))
    top, high = (_even(value / down) * down for value in (y, h))
    w, h = round(wide), round(high)
    if not (w and h):
        raise InputError(f"{path}: crop: {list(crop)} holds less than 2x2 px of the clip; set w and h higher")
    return {"crop": [round(left), round(top), w, h], "width": w, "height": h}


def pixel_shape(facts: dict) -> tuple[Fraction, Fraction]:
    """(width, height) of a decoded pixel in px of the upright picture; one of the two is 1."""
    aspect = Fraction(facts["sample_aspect"])
    return (Fraction(1), aspect) if facts["rotation"] % 180 else (aspect, Fraction(1))


def _even(value: Fraction) -> int:
    # Colour has half the resolution in most clips.
    return 2 * int(value / 2)


def _nearest(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


def _fraction(number: float) -> Fraction:
    return Fraction(str(number))


def _text(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}"
