"""The gallery in a browser: its videos show one frame, its controls and curves do what they say."""

import json
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from browser import browser_page
from clips import ffmpeg, one_line
from dancenow.errors import InputError
from dancenow.pages.gallery.page import write_gallery, write_player
from dancenow.video.media import encode

FPS, FRAMES, BITS = 25, 100, 7
SIZES = {"source": (144, 90), "skeleton": (90, 90), "result": (90, 90)}
SETTLED = "videos.every(video => video.readyState >= 2 && !video.seeking)"


def coded(number, width, height):
    """A picture with a frame's number in stripes, white for 1, between two grey ones."""
    stripes = [128, *(255 * (number >> bit & 1) for bit in range(BITS)), 128]
    levels = np.repeat(np.array(stripes, np.uint8), width // len(stripes))
    return np.broadcast_to(levels[None, :, None], (height, width, 3)).copy()


def decoded(picture):
    """The number in a picture of `coded`, of whatever size."""
    height, width = picture.shape[:2]
    middles = [int((bit + 1.5) * width / (BITS + 2)) for bit in range(BITS)]
    return sum(int(picture[height // 3, x, 0] > 128) << bit for bit, x in enumerate(middles))


def series():
    values = [round(5 + 4 * np.sin(i / 9), 4) for i in range(FRAMES)]
    values[10:20] = [None] * 10
    return {
        "pose_error": {"values": values, "limit": None},
        "distance": {"values": [i / 10 for i in range(FRAMES)], "limit": 6.0},
    }


@pytest.fixture(scope="module")
def gallery(tmp_path_factory):
    """results/ with a gallery of two transfers and a player of the first; the first result has sound."""
    results = tmp_path_factory.mktemp("work") / "results"
    pairs, files = ("anna_as_tango", "anna_as_waltz"), []
    for pair in pairs:
        paths = {
            "source": results / f"gallery/{pair[8:]}.mp4",
            "skeleton": results / f"gallery/{pair}.skeleton.mp4",
            "result": results / f"{pair}.mp4",
        }
        for kind, path in paths.items():
            size = SIZES[kind]
            encode(path, (coded(i, *size) for i in range(FRAMES)), Fraction(FPS), *size)
        numbers = results / f"gallery/{pair}.frames.json"
        numbers.write_text(json.dumps({"frames": FRAMES, "fps": "25/1", "series": series()}))
        files.append((*paths.values(), numbers))
    silent, sounding = files[0][2], results / "sounding.mp4"
    ffmpeg("-i", silent, "-f lavfi -i sine=f=440 -c:v copy -c:a aac -t 4", sounding)
    sounding.replace(silent)
    write_gallery(pairs, files, results / "gallery.html")
    write_player("anna_as_tango", files[0], results / "gallery/anna_as_tango.html")
    return results


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browser_page(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


@pytest.fixture
def page(browser, gallery):
    """The gallery, opened anew in a window of 1000 x 700 px; in the end it has not said a word."""
    browser.console.clear()
    browser.asked.clear()
    browser.resize(1000, 700)
    browser.open(gallery / "gallery.html")
    browser.until(SETTLED)
    yield browser
    assert browser.console == []
    assert {url.split(":")[0] for url in browser.asked} <= {"file", "data"}


def centre(page, selector):
    """The middle of an element, in px of the window."""
    box = f"document.querySelector('{selector}').getBoundingClientRect()"
    return page.run(f"(b => [b.x + b.width / 2, b.y + b.height / 2])({box})")


def numbers_seen(page):
    """The frame numbers that the three videos show on one picture of the window."""
    screen = cv2.imdecode(np.frombuffer(page.picture(), np.uint8), cv2.IMREAD_COLOR)
    boxes = page.run("videos.map(v => v.getBoundingClientRect()).map(b => [b.x, b.y, b.width, b.height])")
    seen = []
    for x, y, w, h in np.rint(boxes).astype(int):
        seen.append(decoded(screen[y : y + h, x : x + w]))
    return seen


def at_rest(page):
    """The frame that the page names and all three videos show, when nothing moves."""
    page.until(f"!playing && {SETTLED} && videos.every(video => video.paused)")
    named = page.run("+slider.value")
    patience = time.monotonic() + 30
    while (seen := numbers_seen(page)) != [named] * 3:  # the picture may come after the word that it is there
        if time.monotonic() > patience:
            break
    assert seen == [named] * 3
    return named


def test_it_plays_in_step(page):
    assert at_rest(page) == 0
    page.click(*centre(page, "#play"))
    page.until("playing && frame > 5")
    apart = "Math.max(...videos.map(v => Math.abs(v.currentTime - result().currentTime))) * shown.fps"
    page.until(f"{apart} < 0.5", seconds=10)
    for _ in range(10):
        assert page.run(apart) < 1
        page.run("new Promise(done => setTimeout(done, 50))")
    seen = numbers_seen(page)
    assert seen[0] > 5 and max(seen) - min(seen) <= 1  # one may be due when the picture is taken
    assert page.run("videos.map(v => v.muted)") == [True, True, False]
    page.click(*centre(page, "#play"))
    assert at_rest(page) >= max(seen) - 1


def test_at_the_end_it_stops_and_begins_again(page):
    page.press("End", 35)
    assert at_rest(page) == FRAMES - 1
    page.press(" ")
    page.until("playing && frame > 0 && frame < 50")
    page.run("speed.value = '2', speed.dispatchEvent(new Event('change'))")
    page.until("!playing")
    assert at_rest(page) == FRAMES - 1


def test_the_slider_moves_all_three_and_the_curves(page):
    left, width = page.run("(b => [b.x, b.width])(slider.getBoundingClientRect())")
    _, y = centre(page, "#slider")
    for _ in range(10):  # on a busy machine Chromium lost the last wish of a drag once in eight times
        page.click(left + 0.1 * width, y, to=(left + 0.75 * width, y))
        frame = at_rest(page)
    assert frame == pytest.approx(0.75 * FRAMES, abs=2)
    heads = page.run("[...document.querySelectorAll('.head')].map(h => h.getBoundingClientRect().x)")
    thumb = left + 8 + (width - 16) * frame / (FRAMES - 1)
    assert heads == pytest.approx([thumb] * 2, abs=2)
    told = page.run("[...document.querySelectorAll('.now')].map(n => n.textContent)")
    assert told == [
        f"{series()['pose_error']['values'][frame]:.2f} % of height",
        f"{frame / 10:.1f} % of height",
    ]
    assert f"frame {frame} / 99" in page.run("document.querySelector('#where').textContent")


def test_a_curve_is_drawn_with_its_gap_and_can_be_pulled(page):
    path = page.run("document.querySelector('.plot path').getAttribute('d')")
    assert path.count("M") == 2 and path.count("L") == FRAMES - 10 - 2
    assert page.run("document.querySelectorAll('.plot .limit').length") == 1
    page.run("stopAt(12)")
    assert page.run("document.querySelector('.now').textContent") == "–"
    x, y = centre(page, ".plot")
    page.click(x - 100, y, to=(x, y))
    assert at_rest(page) == pytest.approx(FRAMES / 2, abs=1)


def test_keys_move_the_frame_and_change_speed_and_sound(page):
    for key, code, shift, frame in (
        ("ArrowRight", 39, False, 1), ("ArrowRight", 39, True, 26), ("ArrowLeft", 37, False, 25),
        ("End", 35, False, 99), ("ArrowRight", 39, False, 99),
        ("Home", 36, False, 0), ("ArrowLeft", 37, False, 0),
    ):  # fmt: skip
        page.press(key, code, shift)
        assert at_rest(page) == frame
    for key, speed in (("<", 0.5), ("<", 0.25), (">", 0.5)):
        page.press(key)
        assert page.run("+speed.value") == speed
        assert page.run("videos.map(v => v.playbackRate)") == [speed] * 3
    page.press("m")
    assert page.run("videos.map(v => v.muted)") == [True, True, True]


def test_another_transfer_is_chosen_and_has_no_sound_button(page):
    page.click(*centre(page, "nav a:last-child"))
    page.until("shown.name === 'anna_as_waltz'")
    assert page.run("document.querySelector('h1').textContent") == "anna as waltz"
    assert page.run("sound.hidden") and page.run("location.hash") == "#anna_as_waltz"
    page.run("stopAt(40)")
    assert at_rest(page) == 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_everything_in_both_schemes(page, scheme):
    page.scheme(scheme)
    page.resize(360, 740, phone=True)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.run("stopAt(33)")
    tops = page.run("videos.map(v => v.getBoundingClientRect().y)")
    assert tops[2] < tops[0] == tops[1]
    assert page.run("document.querySelector('.dock').getBoundingClientRect().bottom <= innerHeight")
    screen = cv2.imdecode(np.frombuffer(page.picture(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (np.median(screen[:20]) > 200) == (scheme == "light")
    page.scheme("light")


def test_a_player_has_its_videos_inside(browser, gallery):
    browser.console.clear()
    browser.asked.clear()
    browser.resize(1000, 700)
    browser.open(gallery / "gallery/anna_as_tango.html")
    browser.until(SETTLED)
    browser.run("stopAt(77)")
    assert at_rest(browser) == 77
    assert browser.console == []
    assert [url for url in browser.asked if not url.startswith("data:")] == [
        (gallery / "gallery/anna_as_tango.html").as_uri()
    ]


def test_a_missing_video_is_named(browser, gallery, tmp_path):
    text = (gallery / "gallery.html").read_text().replace("gallery/tango.mp4", "gallery/lost.mp4")
    (tmp_path / "gallery.html").write_text(text)
    browser.console.clear()
    browser.open(tmp_path / "gallery.html")
    said = browser.until("document.querySelector('#message').textContent")
    assert "cannot be played" in said
    browser.until("videos.every(video => video.error)")
    assert any("ERR_FILE_NOT_FOUND" in line for line in browser.console)
    browser.press(" ")
    browser.until("!playing && document.querySelector('#message').textContent.startsWith('Cannot play')")


def test_hasty_fingers_leave_it_at_rest(page):
    for _ in range(6):
        page.press(" ")
    assert at_rest(page) < 10
    page.press(" ")
    page.until("playing && frame > 0")
    page.press("ArrowRight", 39)
    at_rest(page)


def test_videos_of_another_length_are_refused(gallery, tmp_path):
    numbers = tmp_path / "numbers.json"
    numbers.write_text(json.dumps({"frames": FRAMES + 1, "fps": "25/1", "series": series()}))
    paths = gallery / "gallery/tango.mp4", gallery / "gallery/anna_as_tango.skeleton.mp4"
    with pytest.raises(InputError) as error:
        write_player("anna_as_tango", (*paths, gallery / "anna_as_tango.mp4", numbers), tmp_path / "p.html")
    one_line(error, "tango.mp4: 100 frames", "has 101")
    assert not (tmp_path / "p.html").exists()
