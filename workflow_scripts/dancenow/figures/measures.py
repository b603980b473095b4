"""The measures in an evaluation report, each with a key and what a table needs to show it.

A key is the tuple of the names on the way to the number, without "scores" and the row: ("ssim",),
("regions", "face", "ssim"), ("pose", "driving", "hands", "pck"), ("time", "flicker").
"""

from typing import NamedTuple

from dancenow.evaluation.evaluation_tables import (
    KERNEL_MEASURE,
    MEASURES,
    PART_MEASURES,
    REFERENCES,
    TIME_MEASURES,
)
from dancenow.evaluation.names import LPIPS, LPIPS_FORM, PERSON, REGIONS

# the measures of a chart, a selection of those in a table
HEADLINE = [
    ("ssim",),
    ("psnr",),
    (LPIPS,),
    (LPIPS_FORM,),
    ("regions", "person", "kid"),
    ("regions", "face", "ssim"),
    ("regions", "face", LPIPS),
    ("regions", "face", LPIPS_FORM),
    ("regions", "hands", "ssim"),
    ("regions", "hands", LPIPS),
    ("regions", "hands", LPIPS_FORM),
    ("pose", "driving", "body", "distance_percent"),
    ("pose", "driving", "face", "distance_percent"),
    ("pose", "driving", "hands", "distance_percent"),
    ("pose", "driving", "all", "missed_per_frame"),
    ("pose_error_with_misses",),
    ("time", "warping_error"),
    ("time", "difference_error"),
    ("time", "flicker"),
]


Key = tuple[str, ...]  # a measure's way through the evaluation's report, as in HEADLINE


class Measure(NamedTuple):
    """group, title: in words; sign: +1 where more is better, -1 where less, 0 where neither; decimals."""

    group: str
    title: str
    sign: int
    decimals: int


def describe(key: Key) -> Measure:
    """The Measure of a key."""
    name = key[-1]
    if key[0] == "regions":
        title, *rest = (MEASURES | KERNEL_MEASURE)[name]
        return Measure("by region", f"{REGIONS[key[1]]}: {title}", *rest)
    if key[0] == "pose":
        title, *rest = PART_MEASURES[name]
        return Measure(f"found again, against {REFERENCES[key[1]]}", f"{key[2]} keypoints: {title}", *rest)
    if key[0] == "time":
        return Measure("from frame to frame, on the person, levels of 255", *TIME_MEASURES[name])
    return Measure("inside the person's box", *MEASURES[name])


def scores_by_row(report: dict) -> dict[str, dict[Key, dict]]:
    """{row: {key: {mean, low, high}}} of the report of evaluation.evaluate.evaluate, all sections."""
    rows = {row: _scores(scores, ()) for row, scores in report["scores"].items()}
    for section, part in report.items():
        if isinstance(part, dict) and "scores" in part:
            for row in rows:
                rows[row] |= _scores(part["scores"][row], (section,))
    return rows


def _scores(nested: dict, key: Key) -> dict[Key, dict]:
    found = {}
    for name, value in nested.items():
        inner = (*key, name)
        if "mean" not in value:
            found |= _scores(value, inner)
        # the person's box stands among the regions once more
        elif inner[:2] != ("regions", PERSON) or name not in MEASURES:
            found[inner] = value
    return found
