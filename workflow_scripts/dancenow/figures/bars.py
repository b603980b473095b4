"""Plot a comparison as bars, one small chart per measure."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from dancenow.figures.comparison import Cell, Comparison, known
from dancenow.figures.measures import HEADLINE, Measure, describe
from dancenow.figures.style import bar_styles, panels
from dancenow.intervals import TOO_FEW

LEGEND_INCHES = 0.35
TITLE_LETTERS = 30  # in a line
# A bar higher than the second highest by this factor is cut off and labelled with its number.
TOWERING = 2.5


def plot_ablation(comparison: Comparison, png: str | Path, pdf: str | Path) -> None:
    """Draw a comparison; writes a PNG and a PDF.

    The bar is the mean, the line its 95 % interval: over trainings where there are several, else over frames;
    where the frames are too few for one, the bar says so.
    """
    keys = [key for key in HEADLINE if key in comparison.measured()]
    styles = bar_styles(list(comparison.cells))
    with panels(png, pdf, len(keys), LEGEND_INCHES) as (figure, axes):
        for axis, key in zip(axes, keys, strict=True):
            _panel(
                axis,
                describe(key),
                {name: cells.get(key) for name, cells in comparison.cells.items()},
                styles,
            )
        figure.legend(
            handles=[Patch(label=name, **style) for name, style in styles.items()],
            loc="upper center",
            ncols=len(styles) if len(styles) < 6 else -(-len(styles) // 2),
            frameon=False,
            handlelength=2.2,
            handleheight=1.2,
        )


def axis_limit(tops: np.ndarray) -> tuple[float, set[int]]:
    """How high the axis goes for bars that reach up to `tops` (N,), and which of them are cut."""
    order = np.argsort(tops)[::-1]
    cut = 0
    # a second bar may also be much higher than the third
    while cut + 1 < len(tops) and tops[order[cut]] > TOWERING * tops[order[cut + 1]] > 0:
        cut += 1
    return 1.08 * tops[order[cut]] or 1.0, set(order[:cut].tolist())


def _panel(axis: Axes, measure: Measure, cells: dict[str, Cell | None], styles: dict[str, dict]) -> None:
    """Draw one chart; cells: {method: Cell or None}."""
    shown = {name: _interval(cell) for name, cell in cells.items() if cell and known(cell)}
    limit, cut = axis_limit(np.array([max(0.0, high) for _, _, high in shown.values()]))
    for place, (name, cell) in enumerate(cells.items()):
        if cell is None or name not in shown:
            axis.text(place, 0, "–", ha="center", va="bottom")
            continue
        mean, low, high = shown[name]
        axis.bar(place, min(mean, limit), width=0.8, linewidth=0.5, **styles[name])
        if list(shown).index(name) in cut:
            axis.text(place, limit, f"{mean:.{measure.decimals}f}", ha="center", va="bottom", fontsize=6)
        elif cell.frames["low"] is cell.seeds["low"] is None:
            style = {"ha": "center", "va": "bottom", "fontsize": 5, "rotation": 90}
            axis.text(place, max(0.0, mean) + 0.02 * limit, TOO_FEW, **style)
        elif high > low:
            # white under black is visible on dark and on light bars
            for colour, wide, cap in (("white", 2.4, 0), ("black", 0.9, 2)):
                reach = [[max(0.0, mean - low)], [max(0.0, high - mean)]]
                axis.errorbar(place, mean, reach, color=colour, elinewidth=wide, capsize=cap, capthick=wide)
    axis.set_ylim(min(0.0, *(1.08 * low for _, low, _ in shown.values())), limit)
    axis.set_xlim(-0.6, len(cells) - 0.4)
    axis.set_xticks([])
    axis.set_title(
        "\n".join(textwrap.wrap(measure.title, TITLE_LETTERS, break_on_hyphens=False)), pad=9 if cut else 4
    )


def _interval(cell: Cell) -> tuple[float, float, float]:
    """(mean, low, high) of a Cell; without an interval all three are the mean."""
    chosen = cell.frames if cell.seeds["low"] is None else cell.seeds
    if chosen["low"] is None:
        return (chosen["mean"],) * 3
    return chosen["mean"], chosen["low"], chosen["high"]
