"""One page about a model: settings, data, time and losses of its training."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dancenow.errors import InputError
from dancenow.files import atomic_path, read_json, write_text
from dancenow.kinds import NUMBER

COLUMNS = 3
CELL_INCHES = (3.6, 2.4)
# the curve is the mean over windows of this share of the steps
SMOOTHED_SHARE = 0.05


def write_summary(
    settings_path: str | Path,
    training_path: str | Path,
    losses_path: str | Path,
    curve_path: str | Path,
    page_path: str | Path,
    target: str,
    stage: str = "",
) -> None:
    """From settings.json, training.json and losses.jsonl of a model: its curve (PNG) and its page (Markdown).

    The page shows progress.png and progress.mp4, which lie beside it. target: whose model; stage: which of
    the later stages, for its title.
    """
    told = dict.fromkeys(("steps", "frames", "training_frames"), NUMBER)
    settings, training = read_json(settings_path, known=told), read_json(training_path, known=told)
    losses = read_losses(losses_path)
    figure = _curve(losses)
    with atomic_path(curve_path) as partial:
        figure.savefig(partial, dpi=100)
    title = f"{target}: {stage}" if stage else target
    write_text(page_path, _page(title, target, settings, training, losses, Path(curve_path).name))


def read_losses(path: str | Path) -> dict[str, np.ndarray]:
    """losses.jsonl -> {name: (2, T) float64, the steps that have this loss and its values}.

    InputError names a file that is damaged.
    """
    try:
        rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
        if not rows:
            raise ValueError("no step in it")
    except ValueError as error:
        raise InputError(f"{path}: damaged ({error}); bring it back, or delete it to train again") from error
    names = dict.fromkeys(name for row in rows for name in row if name != "step")
    return {name: np.array([(row["step"], row[name]) for row in rows if name in row]).T for name in names}


def _curve(losses: dict[str, np.ndarray]) -> Figure:
    rows = -(-len(losses) // COLUMNS)
    figure = Figure(figsize=(COLUMNS * CELL_INCHES[0], rows * CELL_INCHES[1]), layout="constrained")
    axes = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for axis, (name, (steps, values)) in zip(axes, losses.items(), strict=False):
        axis.plot(steps, values, color="0.8", linewidth=0.5)
        axis.plot(*smooth(steps, values), color="C0")
        axis.set_title(name.replace("_", " "), fontsize="medium")
        # a few spikes of a GAN must not flatten the curve
        axis.set_ylim(0, 1.1 * np.quantile(values, 0.99))
    for axis in axes[len(losses) :]:
        axis.set_visible(False)
    figure.supxlabel("step", fontsize="medium")
    return figure


def smooth(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The steps and values of a curve, (N,) each, averaged over a moving SMOOTHED_SHARE of its length."""
    window = max(1, round(SMOOTHED_SHARE * len(values)))
    kernel = np.full(window, 1 / window)
    return np.convolve(steps, kernel, "valid"), np.convolve(values, kernel, "valid")


def _page(
    title: str, target: str, settings: dict, training: dict, losses: dict[str, np.ndarray], curve: str
) -> str:
    count = settings["steps"]
    seconds = training["seconds"]
    heldout = training["frames"] - training["training_frames"]
    pairs, single = training.get("pairs"), training.get("single_frames")
    samples = f"{single} single frames" if pairs is None else f"{pairs} pairs"
    lines = [
        f"# {title}",
        "",
        "| | |",
        "|---|---|",
        f"| footage | {training['frames']} frames of {settings['width']} x {settings['height']} px at "
        f"{training['fps']} per second |",
        f"| trained on | the first {training['training_frames']} frames, {samples}; "
        f"{heldout} frames held out |",
        f"| steps | {count} with batch {settings['settings']['batch']}, {count / seconds:.2f} per second |",
        f"| time | {_duration(seconds)} over all attempts |",
        f"| waiting for data | {training['waiting_percent']} % of the time |",
        f"| device | {training['device']}; processes: {training['processes']}; {training['precision']} |",
        f"| best preview | step {training['best_step']}, mean error {training['best_error']} of 255 |",
        f"| memory, at most | {training['peak_memory_gb']} GB a process |",
        "",
        "## Losses",
        "",
        "| | first tenth | last tenth |",
        "|---|---|---|",
        *(f"| {term} | {first:.4f} | {last:.4f} |" for term, first, last in _tenths(losses)),
        "",
        f"![losses]({curve})",
        "",
        "## Held-out frames",
        "",
        "At every tenth of the way, the real ones below; [as a film, with the skeletons](progress.mp4). "
        f"Numbers: `snakemake results/metrics/{target}.heldout.json`.",
        "",
        "![previews](progress.png)",
        "",
        "## Settings",
        "",
        "| | |",
        "|---|---|",
        *(f"| {key} | {value} |" for key, value in _flat(settings["settings"])),
        "",
    ]
    return "\n".join(lines)


def _tenths(losses: dict[str, np.ndarray]) -> Iterator[tuple[str, float, float]]:
    for name, (_, values) in losses.items():
        tenth = max(1, len(values) // 10)
        yield name, values[:tenth].mean(), values[-tenth:].mean()


def _duration(seconds: float) -> str:
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60:02d} min {rest % 60:02d} s"


def _flat(settings: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
