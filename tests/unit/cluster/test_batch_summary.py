"""The summary of a batch names each cause once, with its pairs and its log."""

import pytest

from dancenow.cluster.batch_summary import summarise

TARGETS, SOURCES = ["anna", "ben"], ["tango", "waltz", "anna"]


@pytest.fixture
def say(tmp_path):
    def write(path, text="made"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write


def cause(target, source, folder, **settings):
    """(rule, reason, log) that the summary gives for a pair; None for what it does not name."""
    lines = summarise([target], [source], folder, **settings).splitlines()
    assert lines[1] == f"1 missing: {target}_as_{source}"
    log = lines[3].removeprefix("  full log: ") if len(lines) > 3 else None
    rule, _, reason = lines[2].strip().partition(": ") if log else (None, None, lines[2].strip())
    return rule, reason, log


def make_all(say, *without):
    for target in TARGETS:
        for source in SOURCES:
            if target != source and f"{target}_as_{source}" not in without:
                say(f"results/{target}_as_{source}.mp4")


def test_a_whole_batch_is_one_line_and_nobody_is_their_own_source(say, tmp_path):
    make_all(say)
    assert summarise(TARGETS, SOURCES, tmp_path) == "batch: 5 of 5 videos are finished"


def test_a_broken_clip_is_one_cause_with_all_its_pairs(say, tmp_path):
    make_all(say, "anna_as_waltz", "ben_as_waltz")
    say("logs/probe_clip/waltz.log", "error: data/waltz.mp4: not a video; film it again\n")
    lines = summarise(TARGETS, SOURCES, tmp_path).splitlines()
    assert lines == [
        "batch: 3 of 5 videos are finished",
        "2 missing: anna_as_waltz, ben_as_waltz",
        "  probe_clip: data/waltz.mp4: not a video; film it again",
        "  full log: logs/probe_clip/waltz.log",
    ]


def test_an_error_counts_only_while_its_output_is_missing(say, tmp_path):
    say("logs/track_performer/anna.log", "error: from an earlier run\n")
    say("results/poses/anna.npz")
    say("logs/train_generator/anna.log", "step 100\nerror: step 120: gan is not finite; lower the rate\n")
    rule, reason, _ = cause("anna", "tango", tmp_path)
    assert (rule, reason) == ("train_generator", "step 120: gan is not finite; lower the rate")


@pytest.mark.parametrize(
    "stage", ["mask_performer", "make_references", "halve_footage", "train_enhancer", "train_face"]
)
def test_a_stage_that_only_some_configurations_have_is_blamed_too(say, tmp_path, stage):
    say("results/models/anna/generator.safetensors")
    say(f"logs/{stage}/anna.log", "error: the reason; the remedy\n")
    assert cause("anna", "tango", tmp_path)[:2] == (stage, "the reason; the remedy")


@pytest.mark.parametrize("rule", ["choose_estimator", "choose_perceptual"])
def test_a_decision_that_fails_is_one_cause_of_all_pairs(say, tmp_path, rule):
    say(f"logs/{rule}/run.log", "error: the reason; the remedy\n")
    assert summarise(TARGETS, SOURCES, tmp_path).splitlines()[1:] == [
        "5 missing: anna_as_tango, anna_as_waltz, ben_as_tango, ben_as_waltz and 1 more",
        f"  {rule}: the reason; the remedy",
        f"  full log: logs/{rule}/run.log",
    ]


def test_a_decision_is_not_to_blame_where_it_is_made_or_not_needed(say, tmp_path):
    say("logs/choose_estimator/run.log", "error: the reason; the remedy\n")
    for name in ("anna", "tango"):  # with keypoints of their own
        say(f"results/poses/{name}.people.npz")
    say("logs/choose_perceptual/run.log", "")
    say("results/models/perceptual.json")
    assert cause("anna", "tango", tmp_path)[2] is None
    assert cause("anna", "waltz", tmp_path)[0] == "choose_estimator"


def test_what_the_target_begins_with_is_blamed_too(say, tmp_path):
    say("logs/train_generator/carol.log", "error: the reason; the remedy\n")
    assert cause("anna", "tango", tmp_path)[2] is None
    told = "train_generator", "the reason; the remedy", "logs/train_generator/carol.log"
    assert cause("anna", "tango", tmp_path, init_from="carol") == told


def test_an_earlier_stage_of_the_same_group_without_an_error_is_not_blamed(say, tmp_path):
    say("logs/probe_clip/anna.log", "")
    say("logs/extract_frames/anna.log", "error: frame 3 is damaged; cut it off\n")
    assert cause("anna", "tango", tmp_path)[0] == "extract_frames"


def test_a_stage_that_was_killed_is_told_from_one_that_never_began(say, tmp_path):
    assert cause("anna", "tango", tmp_path)[2] is None
    say("logs/train_generator/anna.log", "step 100\n")
    rule, reason, _ = cause("anna", "tango", tmp_path)
    assert rule == "train_generator" and "out of memory" in reason


def test_a_bug_points_to_its_log(say, tmp_path):
    say(
        "logs/make_background/ben.log",
        "unexpected failure; this is a bug, please report it with this log\nTraceback\n",
    )
    _, reason, log = cause("ben", "tango", tmp_path)
    assert log == "logs/make_background/ben.log" and "bug" in reason


def test_a_chunk_that_failed_is_found_among_the_others(say, tmp_path):
    say("logs/synthesize_chunk/anna_as_tango.1of2.log", "began\n")
    say("logs/synthesize_chunk/anna_as_tango.2of2.log", "error: frame 7 is bad; film it again\n")
    log = "logs/synthesize_chunk/anna_as_tango.2of2.log"
    told = "synthesize_chunk", "frame 7 is bad; film it again", log
    assert cause("anna", "tango", tmp_path, chunks=2) == told
