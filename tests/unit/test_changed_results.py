"""Results that somebody changed, or another version wrote: what is of another kind is named."""

import numpy as np
import pytest

from dancenow.arrays import check_layout
from dancenow.errors import InputError
from dancenow.files import read_json
from test_unreadable import READ

WRONG = ["null", '"x"', "[]", "{}", "NaN", "-1", "true", "[null]", "1e400"]
FITTING = {
    *(("cuts", "[]"), ("limbs", "{}"), ("audio", "null"), ("audio", "{}")),
    *(("file", '"x"'), ("interlaced", "true")),
}
KEYS = ["width", "fps", "cuts", "span", "h_far", "limbs", "bootstrap", "audio", "interlaced", "file"]


@pytest.mark.parametrize(
    "key, value",
    [(key, value) for key in KEYS for value in WRONG if (key, value) not in FITTING],
)
def test_a_value_of_another_kind_is_named_with_its_key_and_file(tmp_path, key, value):
    path = tmp_path / "facts.json"
    path.write_text(f'{{"a": [{{"{key}": {value}}}]}}')
    with pytest.raises(InputError) as error:
        read_json(path)
    shown = value.replace("1e400", "Infinity")
    assert str(error.value) == (
        f"{path}: its '{key}' cannot be {shown}, so another version wrote it or somebody changed it; "
        "delete it to make it again"
    )


@pytest.mark.parametrize("kind", [name for name in READ if name != "generator"])
def test_an_array_that_is_gone_or_of_another_kind_is_named_with_its_file(tmp_path, kind):
    path, (write, read) = tmp_path / "file.npz", READ[kind]
    write(path)
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    asked = {"count", "width", "height", "poses"} if kind == "references" else set()  # by load_bank_of
    for name in arrays.keys() - asked:
        others = [] if kind == "series" else [{each: arrays[each] for each in arrays if each != name}]
        others += [arrays | {name: wrong} for wrong in (np.zeros((2, 0, 7)), np.array([[1j]]))]
        for changed in others:
            np.savez(path, **changed)
            with pytest.raises(InputError, match=f"^{path}: not a .*; delete it to make it again$"):
                read(path)


def test_a_layout_tells_lengths_that_arrays_share():
    fit = {"a": np.zeros((4, 3), np.float32), "b": np.zeros(4, int), "c": np.array(7)}
    layout = {"a": "finite float32 T 3", "b": "int T", "c": "int"}
    check_layout(fit, layout)
    for name, other, words in [
        ("a", np.full((4, 3), np.nan, np.float32), "a hold NaN"),
        ("a", np.zeros((4, 3)), "a is float64 "),
        ("a", np.zeros((4, 2), np.float32), "a is float32 "),
        ("b", np.zeros(3, int), "b is int64 "),
        ("c", np.array(0), "c is 0"),
        ("c", np.array([7]), "c is int64 "),
    ]:
        with pytest.raises(ValueError, match=words):
            check_layout(fit | {name: other}, layout)
