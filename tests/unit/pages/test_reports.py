"""The reports from files to files: the page as a browser and a parser see it, and what it says."""

import json
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest

from browser import find_browser
from dancenow.keypoints import INDEX
from dancenow.pages.report import checks
from dancenow.pages.report import pair as pair_report
from dancenow.pages.report.reports import PlannedTraining, report_footage, report_pair
from dancenow.pages.report.verdict import LIMITS, Limit, check, worst
from performers import performer
from scenes import SIZE, clip_files, scene, with_person, write_clip

HOSTILE = "<script>alert(1)</script><img src=http://127.0.0.1:9/x.png> & 'cut'.mp4"


def waving(count, raised=False):
    """The figure of `performers.performer`; with its left arm raised, mirrored at the shoulder."""
    pose = performer(count, SIZE, SIZE, tall=110.0)
    points = pose.keypoints.copy()
    if raised:
        for name in ("left_elbow", "left_wrist"):
            points[:, INDEX[name], 1] = 2 * points[:, INDEX["left_shoulder"], 1] - points[:, INDEX[name], 1]
    return pose.replace(keypoints=points)


def head_only(count):
    """A talking head: shoulders at the lower edge, nothing below them."""
    pose = performer(count, SIZE, SIZE, tall=110.0)
    points = np.zeros_like(pose.keypoints)
    for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder"):
        points[:, INDEX[name]] = pose.keypoints[:, INDEX[name]]
    points[..., :2] = (points[..., :2] - (SIZE / 2, 30)) * 4 + (SIZE / 2, 60)
    points[points[..., 2] == 0] = 0
    return pose.replace(keypoints=points)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Clips of a target, of a source who lifts an arm that the target does not, of a head, and of nobody."""
    place = tmp_path_factory.mktemp("clips")
    wall = scene()
    poses = {"anna": waving(60), "tango": waving(45, raised=True), "head": head_only(30)}
    for name, pose in poses.items():
        facts = {"file": HOSTILE} if name == "anna" else {}
        write_clip(place, name, pose, with_person(pose, wall), **facts)
    empty = performer(20, SIZE, SIZE)
    empty = empty.replace(keypoints=np.zeros_like(empty.keypoints))
    write_clip(place, "nobody", empty, np.repeat(wall[None], 20, axis=0))
    return place


def footage(folder, name, background=True, holdout=0.2):
    page, report = folder / "reports" / f"{name}.html", folder / "reports" / f"{name}.json"
    report_footage(clip_files(folder, name), holdout, background, page, report)
    return page, json.loads(report.read_text())


def pair(folder, target, source):
    page = folder / "reports" / f"{target}_as_{source}.html"
    report = page.with_suffix(".json")
    clips = clip_files(folder, target), clip_files(folder, source)
    report_pair(*clips, "target", PlannedTraining(0.2, True, True), page, report)
    return page, json.loads(report.read_text())


@pytest.fixture(scope="module")
def pages(folder):
    return {"anna": footage(folder, "anna"), "pair": pair(folder, "anna", "tango")}


class Page(HTMLParser):
    """Collects what a page refers to, its scripts and event handlers, and its text."""

    def __init__(self, path):
        super().__init__()
        self.references, self.scripts, self.words, self.pictures = [], [], [], 0
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.scripts += [tag] if tag in ("script", "iframe", "object", "embed") else []
        self.pictures += tag == "img"
        for name, value in attributes:
            if name in ("src", "href", "srcset", "action", "data", "poster", "background"):
                self.references.append(value)
            if name.startswith("on"):
                self.scripts.append(name)

    def handle_data(self, data):
        self.words.append(data)


@pytest.mark.parametrize("name", ["anna", "pair"])
def test_a_page_is_complete_in_itself(pages, name):
    page = Page(pages[name][0])
    assert page.pictures >= 4
    assert page.references and all(reference.startswith("data:") for reference in page.references)
    assert page.scripts == []
    css = pages[name][0].read_text().split("<style>")[1].split("</style>")[0]
    assert "url(" not in css and "@import" not in css
    assert HOSTILE in page.text  # as text, because it was escaped


def test_the_same_clip_gives_the_same_page(pages, folder):
    before = pages["anna"][0].read_bytes()
    assert footage(folder, "anna")[0].read_bytes() == before


def in_browser(page, folder):
    """(console lines, URLs asked for by the page) of a page opened in headless Chromium."""
    log = folder / "net-log.json"
    command = [
        find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr", f"--log-net-log={log}", "--net-log-capture-mode=Everything",
        f"--screenshot={folder / 'page.png'}", "--window-size=1000,3000", page.as_uri(),
    ]  # fmt: skip
    opened = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert opened.returncode == 0, opened.stderr
    assert (folder / "page.png").stat().st_size > 1000
    net = json.loads(log.read_text())
    # the browser itself asks its maker for updates, which is no request of the page
    own = "not an origin"
    start = net["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    requests = [event["params"] for event in net["events"] if event["type"] == start and "params" in event]
    asked = [request["url"] for request in requests if request.get("initiator", own) != own]
    return [line for line in opened.stderr.splitlines() if "CONSOLE" in line], asked


@pytest.mark.parametrize("name", ["anna", "pair"])
def test_a_browser_opens_it_without_a_word_and_without_network(pages, name, tmp_path):
    assert in_browser(pages[name][0], tmp_path) == ([], [])


def test_the_browser_would_have_told(tmp_path):
    """The same eyes on a page that has an error and asks for a picture."""
    page = tmp_path / "bad.html"
    page.write_text('<!doctype html><img src="http://127.0.0.1:9/x.png"><script>missing()</script>')
    console, asked = in_browser(page, tmp_path)
    assert any("missing is not defined" in line for line in console)
    assert asked == ["http://127.0.0.1:9/x.png"]


def levels(report):
    return {item["name"]: item["level"] for item in report["checks"]}


def test_a_short_clip_will_show_or_fail_as_a_target_but_not_as_a_source(pages):
    report = pages["anna"][1]
    told = levels(report)
    assert told["length"] == "will fail" and report["verdict"]["target"] == "will fail"
    length = next(item for item in report["checks"] if item["name"] == "length")
    assert length["value"] == pytest.approx(48 / 25) and length["roles"] == ["target"]
    assert "Film 60 more seconds" in length["advice"]
    good = {"whole body", "person found", "longest gap", "repaired", "swaps", "camera travel"}
    good.add("moving background")
    assert {name: told[name] for name in good} == dict.fromkeys(good, "good")
    # the figure has no face and no hands, and that is all that speaks against its motion
    faults = {i["name"] for i in report["checks"] if i["level"] != "good" and "source" in i["roles"]}
    assert faults == {"face found", "hands found"}
    assert report["verdict"]["source"] == "will show"


def test_a_pair_says_what_to_film(pages):
    page, report = pages["pair"]
    assert report["outside"]["left arm"] == 1 and report["outside"]["right arm"] == 0
    assert report["film"][0].startswith("film 10 more seconds with your left arm above your head: tango")
    text = Page(page).text
    assert report["film"][0] in text
    assert "left arm: 100% of tango's poses lie outside those that anna showed" in text
    assert report["worst"][0]["part"] == "left arm" and report["worst"][0]["nearest"] < 48
    assert {item["roles"][0] for item in report["checks"] if item["name"].startswith("tango:")} == {"source"}


def test_a_talking_head_has_a_report_that_says_why_not(folder):
    page, report = footage(folder, "head")
    assert report["verdict"] == {"target": "will fail", "source": "will fail"}
    assert "only 0 of 30 frames show the person from head to feet" in report["refused"]
    assert report["checks"][0]["level"] == "will fail"
    text = Page(page).text
    assert "only 0 of 30 frames show the person from head to feet" in text
    assert "Film one person from head to feet" in text


def test_an_upper_body_has_a_report_that_tells_of_its_legs(folder):
    pose = waving(60)
    points = pose.keypoints.copy()
    points[:, INDEX["left_knee"] : INDEX["right_heel"] + 1] = 0
    pose = pose.replace(keypoints=points)
    write_clip(folder, "bust", pose, with_person(pose, scene()))
    page, report = footage(folder, "bust")
    levels = {item["name"]: item["level"] for item in report["checks"]}
    assert not report["refused"] and report["verdict"]["source"] == "will show"
    assert levels["whole body"] == levels["imputed legs"] == "will show"
    text = Page(page).text
    assert "for 2.4 s the legs are out of the picture and held still" in text
    assert "2 s show the person and are used for training" in text
    assert "where the performer stood" not in text and "how often each kind of pose is shown" in text


def test_nobody_at_all_has_a_report_too(folder):
    page, report = footage(folder, "nobody")
    assert report["verdict"]["target"] == report["verdict"]["source"] == "will fail"
    assert "no frame shows a person" in report["refused"] and "Film one person" in Page(page).text


@pytest.mark.parametrize("names", [("anna", "head"), ("head", "anna")])
def test_a_pair_with_a_talking_head_says_which_of_the_two(folder, names):
    page, report = pair(folder, *names)
    assert report["verdict"] == "will fail"
    assert report["checks"][0]["text"].startswith("head: only 0 of 30 frames")
    assert "Replace this clip; nothing can be transferred" in Page(page).text


def test_who_reaches_wider_than_the_frame_is_told_and_no_error(folder, monkeypatch):
    """An upper body that fills its picture, and a dancer with wide arms: none of the travel is left."""
    fitted = pair_report.normalised
    monkeypatch.setattr(pair_report, "normalised", lambda *given: (*fitted(*given)[:3], 0.0))
    page, report = pair(folder, "anna", "tango")
    assert levels(report)["way"] == "will show"
    assert "tango reaches wider than anna's frame, in whose middle the figure stays" in Page(page).text


def test_bars_around_the_picture_are_not_behind_the_person():
    (told,) = checks._background_checks({"hidden": 0.1, "unseen": 0.38})
    assert "38% of the picture shows no scene" in told.text and "Crop the clip" in told.advice


def test_a_moving_camera_is_named_with_what_to_change(tmp_path):
    pose = waving(30)
    wall = scene(SIZE, 3 * SIZE)
    views = np.stack([with_person(pose, wall[:, 2 * i : 2 * i + SIZE])[i] for i in range(30)])
    write_clip(tmp_path, "pan", pose, views)
    for background in (True, False):
        _, report = footage(tmp_path, "pan", background=background)
        told = [item for item in report["checks"] if item["name"] == "camera travel"]
        assert [item["level"] for item in told] == ["will show", "will show"]
        assert ("unseen background" in levels(report)) == background
        assert all("tripod" in item["advice"] for item in told)
        assert "one steady view" in told[0]["advice"]


def test_a_photo_fails_as_a_target_with_words_on_what_to_film(tmp_path):
    pose = performer(60, SIZE, SIZE, tall=110.0)
    pose = pose.replace(keypoints=np.repeat(pose.keypoints[:1], 60, axis=0))
    noise = np.random.default_rng(2).integers(-3, 4, (60, SIZE, SIZE, 1))
    frames = np.clip(with_person(pose, scene()) + noise, 0, 255).astype(np.uint8)
    write_clip(tmp_path, "photo", pose, frames)
    page, report = footage(tmp_path, "photo")
    told = {item["name"]: item for item in report["checks"]}
    assert (told["poses"]["value"], told["poses"]["level"], told["poses"]["roles"]) == (
        1,
        "will fail",
        ["target"],
    )
    assert report["verdict"]["target"] == "will fail"
    unseen = told["unseen background"]
    assert unseen["value"] > 0.95 and unseen["level"] == "will show"
    text = Page(page).text
    assert "the footage shows a single pose" in text and "Film a person who moves" in text
    assert "of the background behind the person is never visible" in text and "Step to both sides" in text


def test_who_leaves_a_place_shows_what_is_behind(tmp_path):
    pose = performer(60, SIZE, SIZE, tall=80.0)
    points = pose.keypoints.copy()
    points[..., 0] += np.where(points[..., 2] > 0, np.linspace(-50, 50, 60)[:, None], 0)
    pose = pose.replace(keypoints=points)
    write_clip(tmp_path, "walk", pose, with_person(pose, scene()))
    _, report = footage(tmp_path, "walk")
    told = next(item for item in report["checks"] if item["name"] == "unseen background")
    assert told["value"] == 0 and told["level"] == "good"


def test_cuts_are_reported_and_where_a_clip_begins_is_none(tmp_path):
    pose = waving(30)
    write_clip(tmp_path, "cut", pose, with_person(pose, scene()))
    facts = json.loads((tmp_path / "cut.json").read_text())
    clip = facts["clips"][0]
    assert (clip["file"], clip["first"], clip["fit"]["scale"]) == ("cut.mp4", 0, 1)
    several = [clip, clip | {"first": 20, "file": "second.mp4"}]
    (tmp_path / "cut.json").write_text(json.dumps(facts | {"clips": several, "cuts": [12, 20]}))
    page, report = footage(tmp_path, "cut")
    told = next(item for item in report["checks"] if item["name"] == "cuts")
    assert (told["value"], told["level"]) == (1, "will show") and "frame 12" in told["text"]
    assert "cut.mp4, second.mp4" in Page(page).text


def test_levels_on_both_sides_of_a_limit():
    most = Limit(0.1, 0.5)
    assert [most.level(value) for value in (0, 0.1, 0.11, 0.5, 0.51)] == [
        "good", "good", "will show", "will show", "will fail",
    ]  # fmt: skip
    least = Limit(0.9, 0.05, least=True)
    assert [least.level(value) for value in (1, 0.9, 0.89, 0.05, 0.04)] == [
        "good", "good", "will show", "will show", "will fail",
    ]  # fmt: skip
    assert Limit(1.0).level(1e9) == "will show"


def test_the_verdict_is_the_worst_of_what_counts_for_a_role():
    checks = [check("cuts", 0, "", "x"), check("poses", 1, "", "x", ("target",))]
    assert checks[0].advice == "" and checks[1].advice == "x"
    assert worst(checks, "target") == "will fail" and worst(checks, "source") == "good"
    assert worst([]) == "good"


def test_the_page_on_the_limits_gives_those_of_the_code(data):
    text = (data.parent / "docs" / "footage.md").read_text()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    told = {row[0]: row[1:3] for row in rows if row[0] in LIMITS}

    def number(value, unit):
        return "–" if value is None else f"{100 * value:.4g} %" if unit == "%" else f"{value:.4g}"

    assert told == {
        name: [number(limit.good, limit.unit), number(limit.fail, limit.unit)]
        for name, limit in LIMITS.items()
    }
