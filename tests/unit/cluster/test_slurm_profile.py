"""What asks for a GPU is sent to where there are some, with the threads that it takes."""

import re

import yaml

from running import ROOT, rules

PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())


def rules_with(pattern):
    """Names of the rules in whose text the pattern is found."""
    return {name for name, text in rules().items() if re.search(pattern, text)}


def test_rules_with_a_gpu_go_to_its_partition():
    wanted = rules_with(r"(?m)^        gpu=")
    sent = {name for name, asked in PROFILE["set-resources"].items() if asked.get("slurm_partition") == "gpu"}
    # of a group all members go there
    grouped = {"normalize_poses", "choose_references", "join_chunks", "mux_video"}
    assert sent == wanted | grouped
    assert {"evaluate_transfer", "train_detector", "judge_video", "train_generator"} <= wanted


def test_rules_that_take_all_cores_are_told_how_many():
    told = {line.split("=")[0] for line in PROFILE["set-threads"]}
    assert told == rules_with(r"threads: .*all_cores")
