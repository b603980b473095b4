"""The arithmetic of a comparison by hand: means, intervals, paired differences, and what is the best."""

import csv

import numpy as np
import pytest
from matplotlib.figure import Figure

from dancenow.errors import InputError
from dancenow.evaluation.series import load_series, save_series
from dancenow.figures import bars
from dancenow.figures.comparison import Comparison, Row, compare, compare_files
from dancenow.figures.measures import describe
from dancenow.figures.style import bar_styles
from dancenow.figures.tables import CSV_COLUMNS, csv_rows, latex, markdown, tabulate_ablation
from dancenow.files import write_json
from dancenow.intervals import block_bootstrap

KEY = ("ssim",)
TOLD = {"seed": 0, "block": 5}
FACTS = {"frames": 40, "frames_compared": 40, "bootstrap": TOLD}


def row(*runs, key=KEY):
    """A Row of series, one per seed."""
    scores = [{key: block_bootstrap(series, **TOLD)} for series in runs]
    return Row(scores, [{key: np.asarray(series, float)} for series in runs])


def steady(mean, shake=0.0, count=40):
    return mean + shake * np.where(np.arange(count) % 2, 1.0, -1.0)


def marked(cells, key=KEY):
    return {name for name, by_key in cells.items() if by_key[key].best}


WAVY = 0.05 * np.repeat([1, -1, 1, -1, 1, 1, -1, -1], 5)  # by blocks


def test_a_difference_in_every_frame_is_clear_however_much_the_frames_vary():
    cells = compare({"a": row(steady(0.8) + WAVY), "ours": row(steady(0.81) + WAVY)}, **TOLD)
    assert marked(cells) == {"ours"}
    gain = cells["a"][KEY].gain
    assert gain == pytest.approx({"mean": 0.01, "low": 0.01, "high": 0.01})
    # the intervals of the two means overlap widely; only the pairs tell
    assert cells["ours"][KEY].frames["low"] < cells["a"][KEY].frames["high"]


def test_a_tie_within_the_interval_is_not_claimed():
    rows = {"a": row(steady(0.80) + WAVY), "b": row(steady(0.6)), "ours": row(steady(0.801))}
    assert marked(compare(rows, **TOLD)) == {"a", "ours"}
    # where nothing is clearly worse, nothing is the best
    del rows["b"]
    assert marked(compare(rows, **TOLD)) == set()


def test_a_shaky_method_is_not_best_beside_a_clearly_worse_one_that_beats_it():
    rows = {
        "first": row(steady(0.9)),
        "a": row(steady(0.5), steady(0.9)),
        "ours": row(steady(0.8), steady(0.801)),
    }
    assert marked(compare(rows, **TOLD)) == {"first"}


def test_less_is_better_where_the_measure_says_so():
    key = ("lpips_form",)
    cells = compare({"a": row(steady(1.5), key=key), "ours": row(steady(1.0), key=key)}, **TOLD)
    assert marked(cells, key) == {"ours"}
    assert cells["a"][key].gain["mean"] == pytest.approx(0.5)


def test_nothing_is_the_best_without_intervals_or_pairs():
    short = {"a": row(steady(0.5, count=25)), "ours": row(steady(0.9, count=25))}
    assert marked(compare(short, **TOLD)) == set()  # five blocks
    short = {"a": row(steady(0.5, count=26)), "ours": row(steady(0.9, count=26))}
    assert marked(compare(short, **TOLD)) == {"ours"}
    unpaired = Row(short["a"].scores, [{}])
    assert marked(compare(short | {"a": unpaired}, **TOLD)) == set()


def test_three_seeds_have_students_interval():
    cells = compare({"a": row(steady(0.5)), "ours": row(steady(0.7), steady(0.8), steady(0.9))}, **TOLD)
    cell = cells["ours"][KEY]
    # the standard deviation of .7, .8, .9 is .1; t(0.975, 2) = 4.303
    half = 4.303 * 0.1 / 3**0.5
    assert cell.seeds == pytest.approx({"mean": 0.8, "low": 0.8 - half, "high": 0.8 + half}, abs=1e-4)
    assert cell.frames == pytest.approx({"mean": 0.8, "low": 0.8, "high": 0.8})
    assert cell.trainings == 3


def test_a_difference_has_intervals_over_frames_and_over_seeds():
    rows = {"a": row(steady(0.5), steady(0.7)), "ours": row(steady(0.8), steady(0.9))}
    cell = compare(rows, **TOLD)["a"][KEY]
    # training by training ours is better by .3 and .2; t(0.975, 1) = 12.706
    half = 12.706 * (0.3 - 0.2) / 2**0.5 / 2**0.5
    assert cell.gain == pytest.approx({"mean": 0.25, "low": 0.25, "high": 0.25})
    assert cell.gain_seeds == pytest.approx({"mean": 0.25, "low": 0.25 - half, "high": 0.25 + half}, abs=1e-4)


def test_a_difference_that_changes_with_the_seed_is_no_clear_one():
    rows = {"a": row(steady(0.7), steady(0.9)), "ours": row(steady(0.8), steady(0.85))}
    assert marked(compare(rows, **TOLD)) == set()
    rows = {"a": row(steady(0.5), steady(0.501)), "ours": row(steady(0.8), steady(0.801))}
    assert marked(compare(rows, **TOLD)) == {"ours"}


def test_a_method_without_a_value_is_no_rival():
    nobody = row(np.full(40, np.nan), key=("pose_error",))
    rows = {"background": nobody} | {
        n: row(steady(v), key=("pose_error",)) for n, v in (("a", 2), ("ours", 1))
    }
    assert marked(compare(rows, **TOLD), ("pose_error",)) == {"ours"}


@pytest.fixture
def files(tmp_path):
    """Names, reports and series of a variant with two seeds and ours with two, with a baseline."""
    names, metrics, series = [], [], []
    for name, level, seed in (
        ("some_variant", 0.7, 0),
        ("some_variant", 0.71, 1),
        ("ours", 0.8, 0),
        ("ours", 0.81, 1),
    ):
        background = steady(0.4 if (name, seed) == ("ours", 0) else 0.1)
        values = {"result": {"ssim": steady(level, 0.02)}, "static background": {"ssim": background}}
        scores = {one: {"ssim": block_bootstrap(by_name["ssim"], **TOLD)} for one, by_name in values.items()}
        stem = tmp_path / f"{name}{seed}"
        write_json(f"{stem}.json", FACTS | {"scores": scores, "gains": {}})
        save_series(f"{stem}.npz", values)
        names.append(name), metrics.append(f"{stem}.json"), series.append(f"{stem}.npz")
    return names, metrics, series


def test_the_baselines_are_ours_first_seeds(files):
    comparison = compare_files(*files)
    assert list(comparison.cells) == ["static background", "some_variant", "ours"]
    assert [cells[KEY].trainings for cells in comparison.cells.values()] == [1, 2, 2]
    assert comparison.measured() == [KEY]
    assert comparison.cells["some_variant"][KEY].gain["mean"] == pytest.approx(0.1, abs=1e-6)
    assert comparison.cells["static background"][KEY].gain["mean"] == pytest.approx(0.405, abs=1e-6)


def test_three_tables_say_the_same(files, tmp_path):
    paths = [tmp_path / f"table.{kind}" for kind in ("md", "tex", "csv")]
    tabulate_ablation(compare_files(*files), "anna, held-out footage", *paths)
    page, tex = paths[0].read_text(), paths[1].read_text()
    assert "| SSIM ↑ | 0.400 [0.400, 0.400] | 0.705 [" in page and "| **0.805** [" in page
    assert "over 2 trainings" in page and "blocks of 5 frames" in page
    gains = page.split("## By how much")[1]
    assert "| SSIM ↑ | 0.405 [" in gains and "| 0.100 [0.100, 0.100] ±0.000 |" in gains
    assert "some\\_variant" in tex and "\\textbf{0.805}" in tex and "SSIM $\\uparrow$" in tex
    assert tex.count("{") == tex.count("}")
    with open(paths[2], newline="") as file:
        rows = {line["method"]: line for line in csv.DictReader(file)}
    assert float(rows["ours"]["mean"]) == pytest.approx(0.805, abs=1e-5)
    assert (rows["ours"]["best"], rows["some_variant"]["best"], rows["ours"]["seeds"]) == ("1", "0", "2")
    assert float(rows["some_variant"]["ours_better_by"]) == pytest.approx(0.1, abs=1e-5)
    assert float(rows["some_variant"]["ours_better_seeds_high"]) == pytest.approx(0.1, abs=1e-5)
    assert rows["ours"]["ours_better_by"] == ""


def test_numbers_have_a_real_minus_and_no_minus_zero():
    cells = compare({"a": row(steady(0.8)), "ours": row(steady(0.7))}, **TOLD)
    assert "−0.100 [−0.100, −0.100]" in markdown(Comparison(cells, FACTS), "x")
    below = compare({"a": row(steady(-0.1)), "ours": row(steady(-0.2))}, **TOLD)
    assert "$-$0.100" in latex(Comparison(below, FACTS), "x")
    near = compare({"a": row(steady(0.8)), "ours": row(steady(0.8 - 1e-7))}, **TOLD)
    assert "−0.000" not in markdown(Comparison(near, FACTS), "x")
    assert len(list(csv_rows(Comparison(near, FACTS)))) == 2


def test_evaluations_of_different_lengths_are_refused():
    rows = {"a": row(steady(0.5, count=39)), "ours": row(steady(0.6))}
    with pytest.raises(InputError, match="39 and 40 frames"):
        compare(rows, **TOLD)


def test_series_keep_their_rows_and_sections(tmp_path):
    nested = {
        "a row": {"ssim": np.array([1.0, np.nan]), "regions": {"face": {"ssim": np.array([0.5, 0.25])}}}
    }
    save_series(tmp_path / "s.npz", nested)
    found = load_series(tmp_path / "s.npz")
    assert list(found["a row"]) == [("ssim",), ("regions", "face", "ssim")]
    np.testing.assert_array_equal(found["a row"][("ssim",)], [1, np.nan])
    (tmp_path / "s.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="s.npz: not a file of per-frame measures"):
        load_series(tmp_path / "s.npz")


def test_too_few_frames_for_an_interval_are_told_in_every_table(tmp_path):
    short = {name: row(steady(level)[:15]) for name, level in (("a", 0.7), ("ours", 0.8))}
    few = Comparison(compare(short, **TOLD), FACTS | {"frames": 15, "frames_compared": 15})
    page, tex = markdown(few, "x"), latex(few, "x")
    assert "| SSIM ↑ | 0.700 [too few] | 0.800 [too few] |" in page and "| 0.100 [too few] |" in page
    assert "3 blocks: too few for intervals, and nothing is called the best." in page
    assert "{\\tiny [too few]}" in tex
    assert "nan" not in (page + tex).lower()
    low, high = (CSV_COLUMNS.index(name) for name in ("low", "high"))
    assert all(line[low] == line[high] == "" for line in csv_rows(few))


def test_the_line_of_a_bar_is_over_trainings_where_there_are_several():
    rows = {"a": row(steady(0.5, 0.1)), "ours": row(steady(0.7), steady(0.9))}
    cells = compare(rows, **TOLD)
    frames, seeds = cells["a"][KEY].frames, cells["ours"][KEY].seeds
    assert bars._interval(cells["a"][KEY]) == (frames["mean"], frames["low"], frames["high"])
    assert bars._interval(cells["ours"][KEY]) == (seeds["mean"], seeds["low"], seeds["high"])


def test_a_bar_says_that_the_frames_are_too_few_for_an_interval():
    axis = Figure().subplots()
    methods = {"a": row(steady(0.7)[:15]), "b": row(steady(0.6, 0.1))}
    shown = {name: compare({name: one}, **TOLD)[name][KEY] for name, one in methods.items()}
    bars._panel(axis, describe(KEY), shown, bar_styles(list(shown)))
    assert [(text.get_position()[0], text.get_text()) for text in axis.texts] == [(0, "too few")]
