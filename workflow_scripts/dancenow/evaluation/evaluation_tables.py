"""The report of `evaluate` as Markdown, for the log and a file beside the JSON."""

from typing import Any

from dancenow.evaluation.names import EVALUATION, LPIPS, LPIPS_FORM, REGIONS
from dancenow.evaluation.pose_parts import PAPER_PARTS, PCK_SHARE
from dancenow.intervals import written

# key: (title, +1 where more is better, decimals)
MEASURES = {
    "ssim": ("SSIM ↑", 1, 3),
    "psnr": ("PSNR, dB ↑", 1, 2),
    LPIPS: ("LPIPS ↓", -1, 3),
    LPIPS_FORM: (f"LPIPS-form ({EVALUATION}) ↓", -1, 3),
    "pose_error": ("pose error, % of height ↓", -1, 2),
    "missed": ("missed keypoints, % ↓", -1, 1),
    "pose_error_with_misses": ("pose error with misses, % of height ↓", -1, 2),
}
IMAGE_MEASURES = {key: MEASURES[key] for key in ("ssim", "psnr", LPIPS, LPIPS_FORM)}
KERNEL_MEASURE = {"kid": (f"KID ({EVALUATION}) ↓", -1, 3)}
PART_MEASURES = {
    "distance_px": ("distance, px ↓", -1, 2),
    "distance_percent": ("distance, % of height ↓", -1, 2),
    "pck": (f"PCK within {100 * PCK_SHARE:g} % of height, % ↑", 1, 1),
    "missed_per_frame": ("missed detections per frame ↓", -1, 2),
}
# low flicker alone is no merit: the static background has none
TIME_MEASURES = {
    "flicker": ("flicker where the skeleton is still", 0, 2),
    "warping_error": ("warping error (RMS) ↓", -1, 2),
    "difference_error": ("error of frame differences ↓", -1, 2),
}
REFERENCES = {"driving": "the driving pose", "truth": "the truth's"}


def markdown_page(report: dict, title: str) -> str:
    """All tables of the report of `evaluate`, each under a heading; title: of the whole."""
    regions = report["regions"]
    parts = [
        f"# {title}",
        f"{report['frames_compared']} of {report['frames']} frames compared; means with 95 % intervals over "
        f"blocks of {report['bootstrap']['block']} frames. What each column means: docs/evaluation.md.",
        *([f"LPIPS: {report['lpips']['reason']}."] if "lpips" in report else []),
        "## Inside the person's box",
        markdown_table(report),
        _region_heading(regions["every"]),
        region_table(report),
    ]
    for reference, name in REFERENCES.items():
        parts += [f"## Pose found again, against {name}, by part", part_table(report, reference)]
    parts += ["## From frame to frame, on the person, in levels of 255", time_table(report)]
    return "\n\n".join(parts) + "\n"


def markdown_table(report: dict) -> str:
    """The first table: each row inside the person's box, and the first one's gains over the others."""
    rows = [((name,), scores) for name, scores in report["scores"].items()]
    first = rows[0][0][0]
    rows += [((f"{first} better than {name} by",), gains) for name, gains in report["gains"].items()]
    return _table([""], MEASURES, rows)


def region_table(report: dict) -> str:
    """Each row in each region."""
    scores = report["regions"]["scores"]
    rows = [((REGIONS[key], name), scores[name][key]) for key in REGIONS for name in scores]
    return _table(["region", ""], IMAGE_MEASURES | KERNEL_MEASURE, rows)


def part_table(report: dict, reference: str) -> str:
    """Each row's pose by part; reference: a key of REFERENCES."""
    scores = report["pose"]["scores"]
    rows = [((key, name), scores[name][reference][key]) for key in PAPER_PARTS for name in scores]
    return _table(["part", ""], PART_MEASURES, rows)


def time_table(report: dict) -> str:
    """Each row and the truth itself over time."""
    return _table([""], TIME_MEASURES, [((name,), row) for name, row in report["time"]["scores"].items()])


def _table(heads: Any, measures: Any, rows: Any) -> str:
    # a run without the weights has no LPIPS
    measures = {key: shown for key, shown in measures.items() if any(key in scores for _, scores in rows)}
    titles = [*heads, *(title for title, _, _ in measures.values())]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    for labels, scores in rows:
        cells = [_cell(scores.get(key), decimals) for key, (_, _, decimals) in measures.items()]
        lines.append("| " + " | ".join([*labels, *cells]) + " |")
    return "\n".join(lines).replace("|  |", "| |")


def _cell(score: dict | None, decimals: int) -> str:
    if score is None or score["mean"] is None:
        return "–"
    return written(score, decimals)


def _region_heading(every: int) -> str:
    frames = {1: "frame", 2: "2nd frame", 3: "3rd frame"}.get(every, f"{every}th frame")
    return f"## By region (the person's box on every frame, the others on every {frames})"
