"""Rows of pictures with labels, laid out to the width of a page."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dancenow.figures.style import WIDTH, printed

LABEL_INCHES = 0.85  # left of each row
PICTURES_INCHES = WIDTH - LABEL_INCHES  # for the pictures
GAP_INCHES = 0.03  # between pictures
NOTE_INCHES = 0.1  # of a line of a note above a picture
NOTE_LETTER_INCHES = 0.05  # of a letter in it, on average
TITLE_INCHES = 0.22  # above a row that begins a group
LABEL_LETTERS = 15  # in a line


@dataclass
class Strip:
    """One row of pictures, all (H, W, 3) uint8 RGB or (H, W) uint8 grey.

    label: left of it; notes: a text above each picture, or none, wrapped to its width; title: heading of
    the group that begins here.
    """

    label: str
    pictures: list
    notes: list = field(default_factory=list)
    title: str = ""


def print_strips(groups: Sequence[Sequence[Strip]], png: str | Path, pdf: str | Path, tallest: float) -> None:
    """Print groups of Strips below each other; the cells of a group have one size.

    groups: list of lists of Strips with equally many pictures. The pictures fill the width of the page,
    unless they then would be higher than `tallest` inches. A picture keeps its shape, centred in its cell.
    """
    cells = [_cell(group, tallest) for group in groups]
    height = sum(
        _strip_height(strip, size) for group, size in zip(groups, cells, strict=True) for strip in group
    )
    with printed(png, pdf, height) as figure:
        top = height
        for group, (wide, high) in zip(groups, cells, strict=True):
            left = LABEL_INCHES + (PICTURES_INCHES - len(group[0].pictures) * (wide + GAP_INCHES)) / 2
            for strip in group:
                if strip.title:
                    figure.text(0.5, (top - 0.14) / height, strip.title, ha="center", weight="bold")
                floor = top - _strip_height(strip, (wide, high))
                _print_strip(figure, strip, (left, floor, wide, high), height)
                top = floor


def window(picture: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The box (x0, y0, x1, y1) px out of a picture; what lies outside of it is black."""
    x0, y0, x1, y1 = box
    height, width = picture.shape[:2]
    inside = picture[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    pads = ((max(0, -y0), max(0, y1 - height)), (max(0, -x0), max(0, x1 - width)))
    return np.pad(inside, pads + ((0, 0),) * (picture.ndim - 2))


def _cell(group: Sequence[Strip], tallest: float) -> tuple[float, float]:
    """(width, height) in inches of the group's cells: the widest shape decides."""
    counts = {len(strip.pictures) for strip in group}
    if len(counts) != 1:
        raise ValueError(f"strips of {sorted(counts)} pictures do not make a group")
    aspect = max(picture.shape[1] / picture.shape[0] for strip in group for picture in strip.pictures)
    wide = PICTURES_INCHES / counts.pop() - GAP_INCHES
    wide = min(wide, tallest * aspect)
    return wide, wide / aspect


def _strip_height(strip: Strip, size: tuple[float, float]) -> float:
    lines = max((len(_wrapped(note, size[0])) for note in strip.notes), default=0)
    notes = NOTE_INCHES * lines + GAP_INCHES * bool(lines)
    return size[1] + GAP_INCHES + notes + TITLE_INCHES * bool(strip.title)


def _wrapped(note: str, wide: float) -> list[str]:
    """The lines of a note above a picture of that width."""
    return textwrap.wrap(note, max(8, int(wide / NOTE_LETTER_INCHES)), break_on_hyphens=False)


def _print_strip(figure: Figure, strip: Strip, box: tuple[float, ...], height: float) -> None:
    left, floor, wide, high = box
    label = "\n".join(textwrap.wrap(strip.label, LABEL_LETTERS))
    figure.text((left - 0.06) / WIDTH, (floor + high / 2) / height, label, ha="right", va="center")
    for place, picture in enumerate(strip.pictures):
        x = left + place * (wide + GAP_INCHES)
        axis = figure.add_axes((x / WIDTH, floor / height, wide / WIDTH, high / height))
        axis.set_axis_off()
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="lanczos")
        if strip.notes:
            middle = (x + wide / 2) / WIDTH
            note = "\n".join(_wrapped(strip.notes[place], wide))
            above = (floor + high + GAP_INCHES) / height
            figure.text(middle, above, note, ha="center", fontsize=6, linespacing=1.0)
