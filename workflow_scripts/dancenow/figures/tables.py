"""A comparison as Markdown, LaTeX and CSV: one line per measure, one column per method, as in the paper."""

import csv
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from dancenow import intervals
from dancenow.figures.comparison import LEAST_BLOCKS_TO_RANK, Cell, Comparison, known
from dancenow.figures.measures import Key, describe
from dancenow.files import atomic_path, write_text

LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$"} | {
    "{": r"\{", "}": r"\}", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "−": "$-$", "±": r"$\pm$",
}  # fmt: skip
CSV_COLUMNS = (
    "method", "measure", "group", "title", "mean", "low", "high", "seeds", "seeds_low", "seeds_high", "best",
    "ours_better_by", "ours_better_low", "ours_better_high", "ours_better_seeds_low",
    "ours_better_seeds_high",
)  # fmt: skip


def tabulate_ablation(
    comparison: Comparison,
    what: str,
    markdown_path: str | Path,
    latex_path: str | Path,
    csv_path: str | Path,
) -> None:
    """Write the three tables of a comparison. what: what was measured on."""
    write_text(markdown_path, markdown(comparison, what))
    write_text(latex_path, latex(comparison, what))
    with atomic_path(csv_path) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(comparison))


def markdown(comparison: Comparison, what: str) -> str:
    """Two Markdown tables per group, values and paired differences, with the words that a reader needs.

    what: what was measured on.
    """
    methods = list(comparison.cells)
    parts = [f"# {what}", caption(comparison)]
    for heading, cell_text in (
        ("Values", _value),
        (f"By how much {methods[-1]} is better (−: worse)", _gain),
    ):
        parts.append(f"## {heading}")
        for group, keys in groupby(comparison.measured(), lambda key: describe(key).group):
            lines = [f"| {group} | " + " | ".join(methods) + " |", "|---" * (len(methods) + 1) + "|"]
            for key in keys:
                measure = describe(key)
                cells = (comparison.cells[method].get(key) for method in methods)
                texts = [cell_text(cell, measure.decimals) for cell in cells]
                lines.append(f"| {measure.title} | " + " | ".join(texts) + " |")
            parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def latex(comparison: Comparison, what: str) -> str:
    """A LaTeX table per group (package booktabs): means, intervals below them small, the best bold."""
    lines = ["% needs \\usepackage{booktabs}"]
    groups = groupby(comparison.measured(), lambda key: describe(key).group)
    for number, (group, keys) in enumerate(groups):
        text = f"{what}: {group}. " + (caption(comparison) if number == 0 else "As the table before.")
        lines += _latex_group(comparison.cells, list(keys), text)
    return "\n".join([*lines, ""])


def _latex_group(cells: dict[str, dict[Key, Cell]], keys: Sequence[Key], text: str) -> list[str]:
    lines = [
        "\\begin{table*}",
        "\\centering\\small\\setlength{\\tabcolsep}{3pt}",
        f"\\caption{{{_tex(text)}}}",
        f"\\begin{{tabular}}{{l{'c' * len(cells)}}}",
        "\\toprule",
        " & ".join(["", *map(_tex, cells)]) + " \\\\",
        "\\midrule",
    ]
    for key in keys:
        measure = describe(key)
        row = [by_key.get(key) for by_key in cells.values()]
        means = (_tex_mean(cell, measure.decimals) for cell in row)
        brackets = (_tex_interval(cell, measure.decimals) for cell in row)
        lines.append(" & ".join([_tex(measure.title), *means]) + " \\\\[-2pt]")
        lines.append(" & ".join(["", *brackets]) + " \\\\")
    return [*lines, "\\bottomrule", "\\end{tabular}", "\\end{table*}"]


def csv_rows(comparison: Comparison) -> Iterator[list]:
    """One list per method and measure, for CSV_COLUMNS; an empty text where there is no value or interval.

    Words in a column of numbers would make programs read it as text.
    """
    for method, cells in comparison.cells.items():
        for key in comparison.measured():
            if key in cells:
                cell, measure = cells[key], describe(key)
                numbers = [cell.frames[name] for name in ("mean", "low", "high")]
                numbers += [cell.trainings, cell.seeds["low"], cell.seeds["high"], int(cell.best)]
                numbers += [cell.gain[name] for name in ("mean", "low", "high")]
                numbers += [cell.gain_seeds[name] for name in ("low", "high")]
                texts = ["" if number is None else f"{number:.6g}" for number in numbers]
                yield [method, ".".join(key), measure.group, measure.title, *texts]


def caption(comparison: Comparison) -> str:
    """What was measured and what the brackets and the bold type say, in one paragraph."""
    facts, block = comparison.facts, comparison.facts["bootstrap"]["block"]
    count = max(cell.trainings for cells in comparison.cells.values() for cell in cells.values())
    seeds = f"±: 95 % interval over {count} trainings (Student's t)" if count > 1 else "One training each"
    blocks = -(-facts["frames_compared"] // block)
    rough = "too few for intervals" if blocks < intervals.LEAST_BLOCKS else "the intervals are rough"
    bold = (
        f"{blocks} blocks: {rough}, and nothing is called the best."
        if blocks < LEAST_BLOCKS_TO_RANK
        else "Bold: the best, and those after it down to the first that is clearly worse by the paired "
        "differences; nothing is bold where none can be told apart."
    )
    return (
        f"{facts['frames_compared']} frames. [ ]: 95 % bootstrap interval over blocks of {block} frames. "
        f"{seeds}. {bold}"
    )


def interval(frames: dict, seeds: dict, decimals: int) -> str:
    """Two {mean, low, high} as text, [low, high] over frames and ± over seeds; or why there is none."""
    parts = []
    if frames["low"] is not None:
        parts.append(f"[{_number(frames['low'], decimals)}, {_number(frames['high'], decimals)}]")
    if seeds["low"] is not None:
        parts.append(f"±{(seeds['high'] - seeds['low']) / 2:.{decimals}f}")
    return " ".join(parts) or f"[{intervals.TOO_FEW}]"


def _number(value: float, decimals: int) -> str:
    """A number with a real minus, and no minus before a zero."""
    text = f"{value:.{decimals}f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")


def _value(cell: Cell | None, decimals: int) -> str:
    if cell is None or not known(cell):
        return "–"
    mean = _number(cell.frames["mean"], decimals)
    text = f"**{mean}**" if cell.best else mean
    return f"{text} {interval(cell.frames, cell.seeds, decimals)}".rstrip()


def _gain(cell: Cell | None, decimals: int) -> str:
    if cell is None or cell.gain["mean"] is None:
        return "–"
    mean = _number(cell.gain["mean"], decimals)
    return f"{mean} {interval(cell.gain, cell.gain_seeds, decimals)}".rstrip()


def _tex(text: str) -> str:
    return "".join(LATEX.get(letter, letter) for letter in text)


def _tex_mean(cell: Cell | None, decimals: int) -> str:
    if cell is None or not known(cell):
        return "--"
    mean = _tex(_number(cell.frames["mean"], decimals))
    return f"\\textbf{{{mean}}}" if cell.best else mean


def _tex_interval(cell: Cell | None, decimals: int) -> str:
    if cell is None or not known(cell):
        return ""
    return f"{{\\tiny {_tex(interval(cell.frames, cell.seeds, decimals))}}}"
