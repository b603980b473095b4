"""Plot the losses of several trainings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.lines import Line2D

from dancenow.figures.style import line_styles, panels
from dancenow.training.training_summary import read_losses, smooth

LEGEND_INCHES = 0.3


def plot_curves(
    names: Sequence[str],
    stages: Sequence[str],
    losses_paths: Sequence[str | Path],
    png: str | Path,
    pdf: str | Path,
) -> None:
    """One chart per stage and loss, one line per training, moving averages; writes a PNG and a PDF.

    names, stages: of each file its method and its stage, "" for the generator's first. The trainings of one
    method look alike.
    """
    styles = line_styles(list(dict.fromkeys(names)))
    charts = {}
    for name, stage, path in zip(names, stages, losses_paths, strict=True):
        for loss, curve in read_losses(path).items():
            charts.setdefault((stage, loss), []).append((name, curve))
    with panels(png, pdf, len(charts), LEGEND_INCHES) as (figure, axes):
        for axis, ((stage, loss), curves) in zip(axes, charts.items(), strict=True):
            for name, curve in curves:
                axis.plot(*smooth(*curve), linewidth=1.0, **styles[name])
            # a few spikes of a GAN must not press the curves flat
            axis.set_ylim(0, 1.1 * max(np.quantile(values, 0.95) for _, (_, values) in curves))
            axis.set_title(": ".join(filter(None, [stage, loss.replace("_", " ")])))
        figure.supxlabel("optimiser step", fontsize=7)
        handles = [Line2D([], [], label=name, **style) for name, style in styles.items()]
        figure.legend(
            handles=handles, loc="upper center", ncols=min(len(handles), 6), frameon=False, handlelength=3.5
        )
