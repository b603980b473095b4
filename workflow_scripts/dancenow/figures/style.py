"""The style of all printed figures, and their files: PNG and PDF, the same bytes for the same data."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dancenow.files import atomic_path

WIDTH = 7.0  # inches, the text width of a page with two columns
DPI = 300
COLUMNS = 4
PANEL_INCHES = 1.45
STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so it is the same everywhere
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,  # text stays text; journals refuse the default
}
# A date would make every file different.
METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None}}
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----")
LINES = ("-", (0, (4, 1.5)), (0, (5, 1, 1, 1)), (0, (1, 1)))


@contextmanager
def printed(png: str | Path, pdf: str | Path, height: float) -> Iterator[Figure]:
    """Yield an empty Figure of WIDTH x `height` inches; write it to both files, whole or not at all."""
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height))
        yield figure
        for kind, path in (("png", png), ("pdf", pdf)):
            with atomic_path(path) as partial:
                figure.savefig(partial, format=kind, dpi=DPI, metadata=METADATA[kind])


@contextmanager
def panels(
    png: str | Path, pdf: str | Path, count: int, legend_inches: float
) -> Iterator[tuple[Figure, Sequence[Axes]]]:
    """Yield a Figure with `count` small charts in rows of COLUMNS, and their axes, (count,); as printed.

    legend_inches: kept free above them.
    """
    rows = -(-count // COLUMNS)
    with printed(png, pdf, rows * PANEL_INCHES + legend_inches) as figure:
        figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - legend_inches / figure.get_figheight()))
        axes = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
        for axis in axes[count:]:
            axis.set_visible(False)
        yield figure, axes[:count]


def shades(count: int) -> np.ndarray:
    """`count` RGB colours from light to dark, (count, 3) floats 0..1, evenly apart in lightness.

    The map has an even lightness, so the colours differ in a grey print as well.
    """
    return colormaps["cividis"](np.linspace(0.95, 0.05, count))[:, :3]


def bar_styles(names: Sequence[str]) -> dict[str, dict]:
    """{name: keyword arguments of Axes.bar}: lightness and hatch distinguish the bars without colour."""
    styles = {}
    for number, (name, colour) in enumerate(zip(names, shades(len(names)), strict=True)):
        ink = "black" if luminance(colour) > 0.3 else "white"
        hatch = HATCHES[number % len(HATCHES)]
        styles[name] = {"facecolor": colour, "hatch": hatch, "edgecolor": ink if hatch else colour}
    return styles


def line_styles(names: Sequence[str]) -> dict[str, dict]:
    """{name: keyword arguments of Axes.plot}, the last one's line solid.

    The lightest shades, too weak for a line, are left out.
    """
    colours = shades(len(names) + 1)[:0:-1]
    styles = {
        name: {"color": colour, "linestyle": LINES[number % len(LINES)]}
        for number, (name, colour) in enumerate(zip(reversed(names), colours, strict=True))
    }
    return {name: styles[name] for name in names}


def luminance(colour: Sequence[float] | np.ndarray) -> float:
    """Relative luminance 0..1 of an sRGB colour of floats 0..1 (WCAG 2.2): what a grey print keeps of it."""
    channels = np.asarray(colour, float)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
