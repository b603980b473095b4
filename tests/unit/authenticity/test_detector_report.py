"""A detector on videos whose fakes are blurred: anna is learned from, carol held out."""

import json
import runpy
import shutil

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from clips import film, one_line
from dancenow.authenticity import detector_report, judge
from dancenow.authenticity.detector_data import degrade, reencode
from dancenow.authenticity.detector_report import measure_detector, write_report
from dancenow.authenticity.judge import JudgedFiles, judge_video, train_on_videos
from dancenow.authenticity.opinion import DETECTOR_FILE, opinion
from dancenow.errors import InputError
from dancenow.pictures import read_png
from dancenow.provenance.verdict import SILENT
from dancenow.video.frames import write_frames
from running import ROOT

EDGE, COUNT = 64, 101  # four blocks of 25 pairs: fewer have no verdict


def footage(seed, blur=False):
    """Moving noise on a grey that is the person's own, (COUNT, EDGE, EDGE, 3) uint8."""
    draw = np.random.default_rng(seed)
    noise = draw.normal(0, 12, (COUNT, EDGE, EDGE, 3))
    if blur:
        noise = 4 * gaussian_filter(noise, (0, 1.5, 1.5, 0))
    return (draw.uniform(70, 180) + noise).clip(0, 255).astype(np.uint8)


def stored(folder, name, seed):
    """A person's FrameStore, and the clip as a result would be written."""
    frames, video = folder / f"{name}.avi", folder / f"{name}.mp4"
    facts = {"width": EDGE, "height": EDGE, "fps": "25/1", "cuts": []}
    write_frames(footage(seed), "25/1", lambda count: facts | {"frames": count}, frames)
    reencode(frames, video, {"mark": False, "label": "none"})
    return frames, video


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with everyone's clips and fakes, and a detector that knows anna."""
    folder = tmp_path_factory.mktemp("authenticity")
    for seed, name in enumerate(("anna", "carol")):
        stored(folder, name, seed)
    for seed, name in enumerate(("anna_as_bob", "carol_as_dora")):
        film(folder / f"{name}.mp4", footage(10 + seed, blur=True), "-crf 16")
    known = [folder / "anna.mp4"], [folder / "anna_as_bob.mp4"], ["anna_as_bob"]
    with pytest.MonkeyPatch.context() as few:
        few.setattr(judge, "SQUARES", 128)
        few.setattr(judge, "FORMS", ((23, 1),))
        train_on_videos(*known, folder / "detector.safetensors", steps=25, seed=0, threads=1)
    return folder


@pytest.fixture(scope="module")
def treated():
    """What the report has degraded: (name, CRF, divisor)."""
    return []


@pytest.fixture(scope="module")
def report(place, treated):
    def noted(path, *given):
        treated.append((path.stem, *given[1:]))
        degrade(path, *given)

    real, fake = {"carol": place / "carol.mp4"}, {"carol_as_dora": place / "carol_as_dora.mp4"}
    filmed = {"carol": (place / "carol.avi", place / "carol.mp4")}
    with pytest.MonkeyPatch.context() as few:
        few.setattr(detector_report, "degrade", noted)
        kept = (detector_report.WRITTEN, "at half the size")
        few.setattr(
            detector_report, "CONDITIONS", {title: detector_report.CONDITIONS[title] for title in kept}
        )
        return measure_detector(place / "detector.safetensors", real, fake, filmed, seed=0, threads=1)


@pytest.fixture
def unknown(place):
    filmed = {"anna": (place / "anna.avi", place / "anna.mp4")}
    return measure_detector(place / "detector.safetensors", {}, {}, filmed, seed=0, threads=1)


def test_people_it_never_saw_are_told_apart(report):
    assert report["trained_on"]["real"] == ["anna"] and report["trained_on"]["fake"] == ["anna_as_bob"]
    assert report["heldout"] == {"real": ["carol"], "fake": ["carol_as_dora"]}
    assert report["note"] is None and report["accuracy"]["mean"] > 0.95
    written = report["conditions"][detector_report.WRITTEN]
    assert written["accuracy"] == report["accuracy"] and written["area"]["mean"] > 0.95
    assert (written["videos"]["right"], written["videos"]["of"]) == (2, 2)
    verdicts = {name: row["verdict"] for name, row in report["videos"].items()}
    assert verdicts == {"carol": "real", "carol_as_dora": "fake"}
    assert report["curve"]["false_alarms"][0] == 0 and report["curve"]["hits"][-1] == 1


def test_the_control_is_at_chance(report):
    assert report["control_subjects"] == ["carol"]
    for row in report["control"].values():
        assert abs(row["accuracy"]["mean"] - 0.5) < 0.05


def test_a_condition_is_put_on_real_and_fake_alike(report, treated):
    # carol and the fake at half the size, then carol once more for the control
    assert treated == [("carol", 16, 2), ("carol_as_dora", 16, 2), ("carol", 16, 1)]
    assert report["conditions"].keys() == {detector_report.WRITTEN, "at half the size"}


def test_the_page_and_the_picture(report, tmp_path):
    paths = [tmp_path / name for name in ("report.json", "report.md", "roc.png")]
    write_report(report, *paths)
    assert json.loads(paths[0].read_text()) == report
    page = paths[1].read_text()
    for words in ("clips of anna", "anna_as_bob", "| at half the size |", "2 of 2 [0.16, 1.00]", "(roc.png)",
                  "| carol_as_dora | fake | fake |", "0.5 is chance"):  # fmt: skip
        assert words in page, words
    assert len(np.unique(read_png(paths[2]).reshape(-1, 3), axis=0)) > 20


def test_nobody_held_out_gives_no_number(unknown, tmp_path):
    assert unknown["note"] == "no held-out subject: accuracy unknown"
    assert unknown["accuracy"] is None and unknown["conditions"] == {} and unknown["curve"] is None
    assert unknown["control"].keys() == {detector_report.FILMED, detector_report.TWICE}
    paths = [tmp_path / name for name in ("report.json", "report.md", "roc.png")]
    write_report(unknown, *paths)
    page = paths[1].read_text()
    assert "**no held-out subject: accuracy unknown.**" in page and "authenticity.heldout" in page
    assert "videos judged rightly" not in page and paths[2].stat().st_size > 1000


@pytest.mark.parametrize(
    ("name", "verdict", "seen"),
    [("carol", "real", []), ("carol_as_dora", "fake", []), ("anna", "real", ["anna"])],
)
def test_any_video_is_judged(place, report, tmp_path, name, verdict, seen):
    told = tmp_path / "report.json"
    told.write_text(json.dumps(report))
    output = tmp_path / f"{name}.authenticity.json"
    frames = None if "_as_" in name else place / f"{name}.frames.json"
    if frames:
        frames.write_text(json.dumps({"clips": [{"width": EDGE, "height": EDGE, "crop": None}]}))
    files = JudgedFiles(place / f"{name}.mp4", place / "detector.safetensors", told, frames)
    judge_video(files, output, name, 0, 1)
    found = json.loads(output.read_text())
    assert found["verdict"] == verdict and found["seen_in_training"] == seen
    assert found["pairs"] == COUNT - 1 and found["heldout_accuracy"] == report["accuracy"]
    assert found["trained_on"] == {"real": ["anna"], "fake": ["anna_as_bob"]}
    assert (found["probability_fake"] > 0.5) == (verdict == "fake")


def test_a_scaled_video_is_not_judged(place, report, tmp_path):
    told, small, output = tmp_path / "report.json", tmp_path / "carol_as_dora.mp4", tmp_path / "told.json"
    told.write_text(json.dumps(report))
    degrade(place / "carol_as_dora.mp4", small, 16, 2)
    judge_video(JudgedFiles(small, place / "detector.safetensors", told), output, "carol_as_dora", 0, 1)
    found = json.loads(output.read_text())
    assert found["verdict"] == "undecided" and f"has {EDGE // 2} px" in found["scaled"]
    assert found["summary"].startswith(f"undecided: {found['scaled']}")


def test_who_verifies_a_video_reads_its_opinion_which_does_not_count(place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    video = str(place / "carol_as_dora.mp4")
    assert opinion(video) is None
    (tmp_path / DETECTOR_FILE).parent.mkdir(parents=True)
    shutil.copy(place / "detector.safetensors", tmp_path / DETECTOR_FILE)
    monkeypatch.setattr("sys.argv", ["verify.py", video])
    status = runpy.run_path(str(ROOT / "workflow_scripts/verify.py"))["main"]()
    verdict, unmarked, told = capsys.readouterr().out.splitlines()
    assert status == SILENT and "no statement of origin" in verdict
    assert "the invisible mark was not looked for" in unmarked
    assert "opinion, which does not affect the verdict: fake: " in told and "accuracy unknown" in told
    film(tmp_path / "one.mp4", footage(0)[:1], "-crf 16")
    assert opinion(tmp_path / "one.mp4")["verdict"] == "undecided"


def test_a_damaged_report_is_named(place, tmp_path):
    told = tmp_path / "report.json"
    told.write_text("{")
    output = tmp_path / "carol.authenticity.json"
    files = JudgedFiles(place / "carol.mp4", place / "detector.safetensors", told)
    with pytest.raises(InputError) as error:
        judge_video(files, output, "carol", 0, 1)
    one_line(error, "report.json", "damaged", "delete it")
    assert not output.exists()
