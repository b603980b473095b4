"""The measures in the report of an evaluation, each under one key, with what a table needs to show it.

A key is the tuple of the names on the way to the number, without "scores" and the row: ("ssim",).
"""

from typing import NamedTuple

from dancenow.evaluation import MEASURES

# what a chart shows of all that a table holds
HEADLINE = [(name,) for name in MEASURES]


class Measure(NamedTuple):
    """group, title: in words; sign: +1 where more is better, -1 where less is, 0 where neither; decimals."""

    group: str
    title: str
    sign: int
    decimals: int


def describe(key):
    """The Measure of a key."""
    return Measure("inside the person's box", *MEASURES[key[-1]])


def scores_by_row(report):
    """{row: {key: {mean, low, high}}} of the report of dancenow.evaluation.evaluate, all sections."""
    rows = {}
    sections = {name: part for name, part in report.items() if isinstance(part, dict) and "scores" in part}
    for prefix, part in [((), report), *(((name,), part) for name, part in sections.items())]:
        for row, scores in part["scores"].items():
            rows.setdefault(row, {}).update(_scores(scores, prefix))
    return rows


def _scores(nested, key):
    found = {}
    for name, value in nested.items():
        if "mean" in value:
            found[(*key, name)] = value
        else:
            found |= _scores(value, (*key, name))
    return found
