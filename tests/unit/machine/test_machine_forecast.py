"""What is measured of a machine, the arithmetic of the forecast, and the page."""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml

from dancenow.keypoints import COUNT, INDEX
from dancenow.machine import detection, measure, steps
from dancenow.machine.detection import DEMO, measure_detection, window_shares
from dancenow.machine.forecast import CUTTING, NIGHT, START, Footage, best, forecast
from dancenow.machine.hardware import Hardware, look
from dancenow.machine.page import duration, page
from dancenow.training.memory import FLOAT32, StepMemory
from dancenow.training.trainer import Trainer
from dancenow.video import media
from performers import performer
from running import ROOT

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
FACE = CONFIG["presets"]["smoke"]["train"]["face"]
GB = 2**30
CPU = steps.Machine(torch.device("cpu"), FLOAT32, 2)
PACE = steps.Pace(1.0, 2.0, 0.0, 0.5, 0.25, 3.0, 4.0, StepMemory(GB, GB), True, 1e12)
FOOTAGE = Footage({"anna": 1000, "ben": 200}, (512, 512), ["anna"], ["ben"])
RATES = {"decode": 100.0, "detect": 20.0, "estimator": "mediapipe", "long_edge": 512}
HARDWARE = Hardware("Some CPU", ["AVX2"], 4, [], 8 * GB, 10**11)


def tiny():
    """The smoke preset's `train` section, smaller still."""
    train = copy.deepcopy(CONFIG["train"])
    for section in ("generator", "discriminator"):
        train[section] |= CONFIG["presets"]["smoke"]["train"][section]
    train["face"] = copy.deepcopy(FACE)
    train["face"]["generator"] |= {"n_downsample": 2}
    train["face"]["discriminator"] |= {"layers": 2}
    return train


def expected(**changes):
    return forecast(
        "demo", CONFIG["train"] | {"face": FACE | {"steps": 300}} | changes, PACE, FOOTAGE, RATES, 8 * GB
    )


def test_seconds_are_those_counted_by_hand():
    found = expected(steps=100, single_frame_share=0.8)
    assert found.seconds == pytest.approx(
        {
            "people": 1200 / 100 + 1200 / 20 + START,
            "cutting": 1000 * CUTTING + START,
            # ten previews of each training
            "training": 80 * 1.0 + 20 * 2.0 + 10 * 3.0 + START,
            "enhancer": 0,
            "face": 300 * 0.5 + 10 * 4.0 + START,
            "video": 200 * 0.25 + START,
        }
    )
    assert found.low == pytest.approx(0.8 * found.expected)
    assert found.high == pytest.approx(1.3 * found.expected)
    assert found.memory == 2 * GB and found.refused is None


def test_epochs_take_the_place_of_steps():
    found = expected(steps=1, epochs=2, holdout=0.2, single_frame_share=0.0)
    # one more preview in each five minutes without, which here are two hundredths of the time at most
    steps = 2 * 800 * 2.0
    assert found.seconds["training"] == pytest.approx(steps + 10 * 3.0 + (steps / 300 - 10) * 3.0 + START)


def test_a_network_that_may_be_vgg_adds_to_the_highest_only():
    plain, other = expected(), expected(perceptual="auto")
    assert other.low == plain.low and other.high > plain.high


def test_a_network_that_may_be_vgg_sees_both_frames_of_a_pair():
    more = {}
    for share in (0.0, 1.0):
        plain, other = (
            expected(single_frame_share=share, perceptual=name) for name in ("efficientnet-lite0", "auto")
        )
        more[share] = other.high - plain.high
    assert more[0.0] == pytest.approx(2 * more[1.0])


def test_of_larger_pictures_cutting_and_disk_grow_with_the_area():
    train = CONFIG["train"]
    small, large, both = (
        forecast("demo", train, PACE, replace(FOOTAGE, size=size, targets=targets), RATES, 8 * GB)
        for size, targets in (
            ((512, 512), ["anna"]),
            ((1024, 512), ["anna"]),
            ((512, 512), ["anna", "ben"]),
        )
    )
    assert large.seconds["cutting"] - START == pytest.approx(2 * (small.seconds["cutting"] - START))
    assert large.disk - small.disk == pytest.approx(1200 * 78e3)
    assert both.disk - small.disk == pytest.approx(2 * GB)  # of one more model, what is kept


def test_a_guess_has_a_wider_range_and_its_end_must_be_within_the_night():
    train = CONFIG["train"] | {"steps": 20_000}
    found, guessed = (
        forecast("demo", train, replace(PACE, measured=known), FOOTAGE, RATES, 8 * GB)
        for known in (True, False)
    )
    assert guessed.low < found.low and guessed.high > found.high > found.expected == guessed.expected
    assert best([found], 10**11) == "demo" and guessed.expected < NIGHT < guessed.high
    assert best([guessed], 10**11) is None


def test_what_does_not_fit_names_the_setting():
    small = forecast("demo", CONFIG["train"] | {"batch": 4}, PACE, FOOTAGE, RATES, 7 * GB // 2)
    assert small.refused.startswith("train.batch:") and "set it to 2 or less" in small.refused
    told = page(HARDWARE, 2, RATES, [small], {"demo": PACE}, "float32", None)
    assert "| `demo` | no |" in told and "set it to 2 or less" in told and "No preset fits" in told


def test_the_best_that_ends_within_a_night_is_advised():
    quick, demo = (
        forecast(name, CONFIG["train"] | {"steps": count}, PACE, FOOTAGE, RATES, 8 * GB)
        for name, count in (("quick", 250), ("demo", 1100))
    )
    assert best([quick, demo], 10**11) == "demo"
    slow = forecast("demo", CONFIG["train"] | {"steps": 10**6}, PACE, FOOTAGE, RATES, 8 * GB)
    assert best([quick, slow], 10**11) == "quick" and best([slow], 10**11) is None
    assert best([quick, demo], disk=10) is None
    told = page(HARDWARE, 2, RATES, [quick, demo], {"quick": PACE, "demo": PACE}, "float32", None)
    assert "Use `demo`" in told.splitlines()[2] and "Some CPU (AVX2), 2 of 4 cores" in told


def test_of_several_cards_the_page_says_that_one_was_measured():
    told = [
        page(replace(HARDWARE, cards=cards), 2, RATES, [expected()], {"demo": PACE}, "float32", None)
        for cards in ([], ["T4"], ["T4", "RTX 3090"])
    ]
    assert "; no GPU;" in told[0] and "; 1 GPU: T4;" in told[1]
    assert "; 2 GPUs: T4, RTX 3090 (only the first was measured" in told[2]


def test_a_card_that_computes_wrongly_is_told():
    args = HARDWARE, 2, RATES, [expected()], {"demo": PACE}, "float32"
    assert "computes correctly" in page(*args, (0.001, 0.01))
    assert "WRONG" in page(*args, (0.5, 0.01)) and "WRONG" in page(*args, (0.001, 0.2))
    assert "WRONG" in page(*args, (float("nan"), 0.01))


def test_durations_are_in_words_of_a_person():
    assert [duration(value) for value in (0, 40, 600, 9000, 400_000)] == [
        "",
        "40 s",
        "10 min",
        "2.5 h",
        "4.6 days",
    ]


def test_the_processor_is_read_from_its_own_words(tmp_path):
    words = "processor : 0\nmodel name : Fast One\nflags : fpu avx2 avx512f amx_bf16\n"
    (tmp_path / "cpuinfo").write_text(words)
    found = look(torch.device("cpu"), tmp_path, tmp_path)
    assert found.processor == "Fast One" and found.capabilities == ["AVX2", "AVX-512", "AMX"]
    assert found.cards == [] and found.free > 0 and found.disk > 0


def test_a_device_is_compared_in_exact_float32(monkeypatch):
    flag, seen = torch.backends.cudnn, []
    monkeypatch.setattr(flag, "allow_tf32", True)
    update = Trainer.update
    monkeypatch.setattr(
        Trainer, "update", lambda self, batch: seen.append(flag.allow_tf32) or update(self, batch)
    )
    steps.compare(tiny(), torch.device("cpu"))
    assert seen == [False, False] and flag.allow_tf32


def test_one_device_agrees_with_itself_and_not_with_a_broken_one(monkeypatch):
    cpu = torch.device("cpu")
    assert steps.compare(tiny(), cpu) == (0.0, 0.0)
    made = steps.make_trainer

    calls = []

    def broken(stage, train, device, *rest):
        trainer = made(stage, train, device, *rest)
        calls.append(device)
        if len(calls) == 2:
            with torch.no_grad():
                trainer.generator.head[-1].weight.mul_(1.5)
        return trainer

    monkeypatch.setattr(steps, "make_trainer", broken)
    losses, gradients = steps.compare(tiny(), cpu)
    assert losses > steps.LOSSES and gradients > steps.GRADIENTS


def test_a_step_too_slow_to_try_has_the_pace_that_is_known(monkeypatch):
    memory = StepMemory(GB, GB)
    monkeypatch.setattr(
        steps, "count", lambda stage, train, size, autocast: (memory, 1e14 * size[0] * size[1])
    )
    train = CONFIG["train"] | {"face": FACE}
    found = steps.measure_pace(train, (512, 512), DEMO, CPU, known=1e12)
    assert not found.measured and found.memory == memory
    # the mean window, by the pace; and the frames that are loaded meanwhile, on both cores
    networks = 1e14 * DEMO["trained"] * 512**2 / 1e12
    assert found.pair - networks == pytest.approx(steps.LOADING, rel=1e-3)
    assert found.single - networks / 2 == pytest.approx(steps.LOADING / 2, rel=1e-3)
    wide = steps.measure_pace(train, (1024, 512), DEMO, CPU, known=1e12)
    assert wide.pair == pytest.approx(2 * found.pair, rel=1e-12)
    assert wide.frame == pytest.approx(2 * found.frame, rel=1e-12)
    # before an enhancer, the first stage sees half of the edges
    later = CONFIG["presets"]["paper"]["train"]["enhancer"]
    grown = steps.measure_pace(train | {"enhancer": later}, (1024, 1024), DEMO, CPU, known=1e12)
    assert grown.pair == pytest.approx(found.pair)
    assert found.frame < found.single < found.pair < found.preview and found.face > found.frame


def test_a_frame_is_synthesized_with_its_face(monkeypatch):
    monkeypatch.setattr(steps, "_timed", lambda work, device: 1.0)
    found = [steps.measure_pace(train, (128, 128), DEMO, CPU) for train in (tiny(), tiny() | {"face": None})]
    assert found[0].frame == found[1].frame + 1.0
    # sixteen frames of the largest window, each with its face; four while frames are learned by themselves
    before = found[0].preview / (0.8 * 4 + 0.2 * 16)
    assert found[0].later_preview == pytest.approx(16 * (before + 1.0))


def test_the_time_of_a_pair_is_not_that_of_a_single_frame(monkeypatch):
    took = [0.0]

    def timed(work, device):
        took[0] = 0.0
        work()
        return took[0]

    monkeypatch.setattr(steps, "_timed", timed)
    monkeypatch.setattr(steps, "_step", lambda trainer, given, alone: took.__setitem__(0, 1 if alone else 3))
    found = steps.measure_pace(tiny() | {"face": None}, (128, 128), DEMO, CPU)
    assert 2.5 < found.pair / found.single < 3.5


def test_what_a_library_does_the_first_time_is_not_the_time_of_a_step(monkeypatch):
    clock = iter([0, 100, 200, 201, 300, 301, 400, 403])
    monkeypatch.setattr(steps, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert steps._timed(lambda: None, torch.device("cpu")) == 1


def test_a_mean_picture_has_the_training_s_mean_area():
    areas = steps.Areas(trained=0.25 * 768 * 1024, synthesized=0.0, largest=(768, 1024))
    assert areas.edges(1.0) == (384, 512) and areas.edges(0.5) == (192, 256)


def test_rates_are_of_the_frames_that_were_timed(monkeypatch):
    clock = iter([0.0, 2.0, 10.0, 12.0])
    monkeypatch.setattr(detection, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(detection, "decode", lambda *_: iter([np.zeros((64, 64, 3), np.uint8)] * 40))
    estimator = SimpleNamespace(
        finds_masks=False,
        detect=lambda frames: (np.zeros((0, COUNT, 3), np.float32) for _ in frames),
        name="nobody",
    )
    facts = {"width": 64, "height": 64}
    rates = measure_detection(["a.mp4", "b.mp4"], [facts, facts], 64, estimator)
    assert (rates["decode"], rates["detect"], rates["warm"]) == (40 / 2, 36 / 2, 4)


def test_a_preset_too_slow_to_try_is_judged_by_the_fastest_pace_before(tmp_path, monkeypatch):
    given, paces = [], iter([2e12, 1e12, 3e12])

    def pace(*args):
        given.append(args[-1])
        return replace(PACE, operations=next(paces))

    monkeypatch.setattr(measure, "pick_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(measure, "measure_pace", pace)
    presets = {str(batch): {"long_edge": 64, "train": tiny() | {"batch": batch}} for batch in (1, 2, 4)}
    facts = {"width": 64, "height": 64, "frames": 10}
    clips = measure.Clips({"anna": [facts]}, ["anna"], ["anna"])
    paths = [tmp_path / name for name in ("machine.md", "machine.json")]
    measure.measure_machine(presets, clips, RATES | {"windows": DEMO, "warm": 4}, 1, *paths)
    assert given == [0.0, 2e12, 2e12]


def test_a_gpu_waits_for_its_host_and_a_cpu_shares_its_cores():
    gpu = steps.Machine(torch.device("cuda"), FLOAT32, 3)
    assert CPU.with_host(0.5, 0.4) == 0.7
    assert gpu._replace(threads=2).with_host(0.5, 0.4) == 0.5 and gpu.with_host(0.1, 0.4) == 0.2


def test_windows_are_those_that_the_people_need():
    target = performer(count=6, width=512, height=512, tall=300).keypoints
    source = performer(count=6, width=256, height=256, tall=100).keypoints
    found = window_shares(target, source, (512, 512))
    # 300 px and an eighth on both sides, in steps of 32; the arms do not reach as far
    assert found["largest"][1] * 512 == 384 and found["largest"][0] < found["largest"][1]
    assert found["trained"] <= np.prod(found["largest"]) < 1
    # as large as the target, whatever the source's size; and what is held before and after
    larger = window_shares(target, performer(count=6, width=512, height=512, tall=200).keypoints, (512, 512))
    assert larger["synthesized"] == pytest.approx(found["synthesized"], rel=0.2)
    assert found["trained"] < found["synthesized"] <= 1
    assert window_shares(target, np.zeros_like(source), (512, 512)) == DEMO
    # a small figure in the source's frame that spreads its arms spreads them as wide as the target is tall
    source[:, [INDEX["left_wrist"], INDEX["right_wrist"]], 0] += 60, -60
    assert window_shares(target, source, (512, 512))["synthesized"] > 1.3 * found["synthesized"]


def test_a_machine_is_measured_and_told_of(tmp_path, monkeypatch):
    clip = ROOT / "data/brunomars.mp4"
    facts = media.probe(clip)

    def detect(frames):
        for _ in frames:
            yield np.zeros((0, COUNT, 3), np.float32)

    estimator = SimpleNamespace(finds_masks=False, detect=detect, name="nobody")
    rates = measure_detection([clip, clip], [facts, facts], 64, estimator)
    assert rates["decode"] > 0 and rates["detect"] > 0 and rates["warm"] == 4
    assert rates["windows"] == DEMO  # nobody was found
    monkeypatch.setattr(measure, "pick_device", lambda: torch.device("cpu"))
    presets = {name: {"long_edge": 128, "train": tiny()} for name in ("smoke", "demo")}
    paths = [tmp_path / name for name in ("machine.md", "machine.json")]
    clips = measure.Clips({"anna": [facts], "ben": [facts]}, ["anna"], ["ben"])
    measure.measure_machine(presets, clips, rates | {"long_edge": 64}, 1, *paths)
    told, numbers = paths[0].read_text(), json.loads(paths[1].read_text())
    assert "Use `demo`" in told and told.count("| `") == 2
    # pictures of twice the edges are four times as slow to read and to look at
    frames = 2 * facts["frames"]
    seconds = numbers["forecasts"][0]["seconds"]["people"]
    assert seconds == pytest.approx(START + 4 * frames * (1 / rates["decode"] + 1 / rates["detect"]))
    pace = numbers["paces"]["smoke"]
    assert pace == numbers["paces"]["demo"]  # the same networks are measured once
    # which is longer belongs to the machine: networks this small are within what other work on it takes
    assert all(pace[name] > 0 for name in ("frame", "single", "pair", "face"))
    assert pace["measured"] and numbers["gpu_against_cpu"] is None
