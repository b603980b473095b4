"""Configuration files as editors and people leave them: read, or refused with the file and the line."""

import json

import pytest

from clips import one_line
from dancenow.errors import InputError
from dancenow.planning.configuration import lay_over, load_names

MEANT = {"subjects": {"007": {"video": "a.mp4", "start": 1.5}}, "train": {"steps": 5}}
TEXT = "subjects:\n  007: {video: a.mp4, start: 1.5}\ntrain: {steps: 5}\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        TEXT.replace("\n", "\r").encode(),
        json.dumps(MEANT, indent="\t").encode(),
        b"base: &b {steps: 5}\n" + TEXT.replace("{steps: 5}", "{<<: *b}").encode(),
    ],
)
def test_what_editors_write_is_read(data, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(data)
    read = load_names(tmp_path / "mine.yaml")
    read.pop("base", None)
    assert read == MEANT


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", ["no `key: value`"]),
        (b"# nothing\n", ["no `key: value`"]),
        (b"- a\n", ["no `key: value`"]),
        (b"[1]", ["no `key: value`"]),
        (b"a: 1\nb: M\xfcller\n", ["line 2", "not UTF-8"]),
        (TEXT.encode("utf-16"), ["line 1", "not UTF-8"]),
        (b"a: \0\n", ["not YAML"]),
        (b"train:\n\tsteps: 5\n", ["line 2", "indent with spaces"]),
        (b"a: [1,\n b: }\n", ["line 2", "not YAML"]),
        (b"a: 1\n---\nb: 2\n", ["line 2", "another document"]),
        (b"a: 1\nb:\n  c: 1\n  c: 2\n", ["line 4", "the key c stands twice"]),
        (b'{"a": 1, "a": 2}', ["the key a stands twice"]),
        (b"a: &x {b: *x}\n", ["line 1", "an alias stands for what it stands in"]),
        (b"a: &x [{b: *x}]\n", ["line 1", "an alias stands for what it stands in"]),
        (b"a: " + b"[" * 2000 + b"]" * 2000, ["nested hundreds of levels deep"]),
        (b'{"a": ' + b"[" * 9000 + b"]" * 9000 + b"}", ["nested hundreds of levels deep"]),
        (b"? [a]\n: b\n", ["line 1", "in the place of a key"]),
        # libyaml takes both, Snakemake's reader neither
        (b"a: 1\nb: {video: https://a.b/watch?v=c}\n", ["line 2", 'put the text with the ? in "quotes"']),
        (b"a: 1\nb:\t2\n", ["line 2", "indent with spaces"]),
        (b"a: 2026-13-45\n", ["not YAML", "month"]),
        ("a: 1\nb:\u00a0{video: x}\n".encode(), ["line 2", "an invisible character (U+00A0)"]),
        ("a: 1\n\u200bb: 2\n".encode(), ["line 2", "an invisible character (U+200B)"]),
        (b'subjects:\n  a: {video: "C:\\0clips.mp4"}\n', ["line 2", "a zero byte"]),
        (b"a: 1\nsubjects: {a: {start: 010}}\n", ["line 2", "010 begins with 0"]),
        (b"a: !!python/object/apply:os.system [ls]\n", ["line 1", "not YAML"]),
    ],
)
def test_what_nobody_can_read_is_refused_with_the_line(data, words, tmp_path):
    (tmp_path / "mine.yaml").write_bytes(data)
    with pytest.raises(InputError) as error:
        load_names(tmp_path / "mine.yaml")
    one_line(error, "mine.yaml: ", *words)


def test_maps_are_laid_over_each_other_key_by_key_and_anything_else_whole():
    config = {"a": {"b": 1, "c": [1]}, "d": None, "e": 2, "f": {"g": 1}}
    changes = {"a": {"c": [2]}, "d": {}, "e": {}, "f": {}, "h": {"i": {}}}
    lay_over(config, changes)
    assert config == {"a": {"b": 1, "c": [2]}, "d": {}, "e": {}, "f": {"g": 1}, "h": {"i": {}}}
    config["h"]["i"]["j"] = 1
    assert changes["h"] == {"i": {}}
    shared = {"k": 1}
    both = {}
    lay_over(both, {"one": shared, "other": shared})
    lay_over(both, {"one": {"k": 2}})
    assert both == {"one": {"k": 2}, "other": {"k": 1}} and shared == {"k": 1}


def test_a_question_mark_in_quotes_or_at_the_end_of_a_line_is_read(tmp_path):
    (tmp_path / "mine.yaml").write_text("a: 'who?'\nb: [\"a?b\", c]\nd: what?\n# and\tthis?\n")
    assert load_names(tmp_path / "mine.yaml") == {"a": "who?", "b": ["a?b", "c"], "d": "what?"}


def test_names_that_begin_with_0_or_hold_unseen_characters_are_read(tmp_path):
    name = "data/Screen Recording at 3.00\u202fPM.mov"
    text = f"subjects: {{007: {{video: '{name}', start: 0, end: 0.5}}, a: {{video: 0010}}}}\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    read = load_names(tmp_path / "mine.yaml")["subjects"]
    assert read == {"007": {"video": name, "start": 0, "end": 0.5}, "a": {"video": "0010"}}
