from dancenow.evaluation.evaluation_tables import (
    IMAGE_MEASURES,
    KERNEL_MEASURE,
    MEASURES,
    PART_MEASURES,
    TIME_MEASURES,
    markdown_page,
    markdown_table,
    part_table,
    region_table,
    time_table,
)
from dancenow.evaluation.names import REGIONS
from dancenow.evaluation.pose_parts import PAPER_PARTS

SCORE = {"mean": 0.81234, "low": 0.8, "high": 0.82}
EMPTY = {"mean": None, "low": None, "high": None}
SINGLE = {"mean": 0.5, "low": None, "high": None}
ROWS = {"result": SCORE, "static background": EMPTY, "nearest neighbour": SINGLE}


def report():
    """A report of `evaluate` in which all scores of a row are the same."""
    first = dict.fromkeys(MEASURES, SCORE)
    images = {name: {region: dict.fromkeys(IMAGE_MEASURES, score) for region in REGIONS}
              for name, score in ROWS.items()}  # fmt: skip
    images["result"]["person"]["kid"] = SCORE
    parts = {
        name: dict.fromkeys(PAPER_PARTS, dict.fromkeys(PART_MEASURES, score)) for name, score in ROWS.items()
    }
    time = {name: dict.fromkeys(TIME_MEASURES, score) for name, score in (ROWS | {"truth": SCORE}).items()}
    return {
        "frames": 30,
        "frames_compared": 29,
        "bootstrap": {"seed": 0, "block": 25},
        "scores": {name: dict.fromkeys(MEASURES, score) for name, score in ROWS.items()},
        "gains": dict.fromkeys(list(ROWS)[1:], first),
        "regions": {"every": 2, "scores": images},
        "pose": {"scores": {name: {"driving": row, "truth": row} for name, row in parts.items()}},
        "time": {"scores": time},
    }


def test_table_shows_every_measure_with_its_interval():
    lines = markdown_table(report()).splitlines()
    assert len(lines) == 2 + 5
    assert {line.count("|") for line in lines} == {len(MEASURES) + 2}
    assert lines[2].startswith("| result | 0.812 [0.800, 0.820] | 0.81 [0.80, 0.82] |")
    assert lines[3].startswith("| static background | – |")
    assert lines[4].startswith("| nearest neighbour | 0.500 [too few] | 0.50 [too few] |")
    assert lines[5].startswith("| result better than static background by | 0.812")
    assert "LPIPS-form (efficientnet-lite1)" in lines[0]


def test_without_lpips_its_columns_are_left_out_and_the_page_says_why():
    told = report() | {"lpips": {"sha256": None, "reason": "left out, no index"}}
    with_lpips = markdown_page(told, "x")
    regions = told["regions"]["scores"].values()
    for row in (
        *told["scores"].values(),
        *told["gains"].values(),
        *(one for each in regions for one in each.values()),
    ):
        row.pop("lpips", None)
    page = markdown_page(told, "x")
    assert with_lpips.count("| LPIPS ↓ |") == 2 and page.count("| LPIPS ↓ |") == 0
    assert page.count("| LPIPS-form (efficientnet-lite1) ↓ |") == 2
    assert "LPIPS: left out, no index." in page


def test_regions_stand_below_one_another_with_every_row():
    lines = region_table(report()).splitlines()
    assert len(lines) == 2 + 5 * 3
    assert {line.count("|") for line in lines} == {8}
    assert lines[0].endswith("| KID (efficientnet-lite1) ↓ |")
    assert lines[5] == (
        "| person box | result | 0.812 [0.800, 0.820] | 0.81 [0.80, 0.82] | 0.812 [0.800, 0.820] | "
        "0.812 [0.800, 0.820] | 0.812 [0.800, 0.820] |"
    )
    assert lines[8].startswith("| inside the person's mask | result |")
    assert lines[8].endswith("| – |")


def test_parts_have_a_line_per_row_and_time_one_for_the_truth_too():
    lines = part_table(report(), "driving").splitlines()
    assert len(lines) == 2 + 4 * 3
    assert lines[2].startswith("| body | result | 0.81 [0.80, 0.82] |")
    lines = time_table(report()).splitlines()
    assert [line.split(" | ")[0] for line in lines[2:]] == [f"| {name}" for name in [*ROWS, "truth"]]


def test_the_page_holds_all_tables():
    page = markdown_page(report(), "alice_as_brunomars")
    assert page.startswith("# alice_as_brunomars\n\n29 of 30 frames compared;")
    for reference in ("driving", "truth"):
        assert part_table(report(), reference) in page
    for table in (markdown_table, region_table, time_table):
        assert table(report()) in page
    assert "every 2nd frame" in page
    assert "every frame" in markdown_page({**report(), "regions": {**report()["regions"], "every": 1}}, "x")


def test_the_arrow_in_a_title_says_what_is_called_better():
    arrows = {"↑": 1, "↓": -1}
    for title, sign, _ in (MEASURES | KERNEL_MEASURE | PART_MEASURES | TIME_MEASURES).values():
        assert arrows.get(title[-1], 0) == sign, title
