"""Everyone in a clip, whoever detects them, and the decision which estimator a run uses."""

import functools
import hashlib
import http.server
import io
import logging
import re
import threading
from fractions import Fraction

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.files import sha256
from dancenow.keypoints import COUNT
from dancenow.pose import estimators, movement
from dancenow.pose.looks import CLOTHES_REGIONS
from performers import performer

K30 = "shufflenetv2k30-wholebody"


class Frames(list):
    """Stands for a FrameStore."""

    fps, width, height, cuts = Fraction(30000, 1001), 64, 48, ()


def pictures(*levels):
    return Frames(np.full((48, 64, 3), level, np.uint8) for level in levels)


class Fixed:
    """Finds so many people in each frame, numbered by the frame."""

    name, checkpoint, finds_masks = "fixed", "sha256:0", False

    def __init__(self, counts):
        self.counts = counts

    def detect(self, frames):
        for index, (count, _) in enumerate(zip(self.counts, frames, strict=True)):
            yield np.full((count, COUNT, 3), index, np.float32)

    def follow_mover(self, shown):
        for _ in shown:
            yield from ()


def test_detect_people_keeps_everyone_with_their_frame(caplog):
    with caplog.at_level(logging.INFO):
        people, masks = estimators.detect_people(Fixed([0, 2, 1, 0]), pictures(0, 255, 0, 255), "bob")
    assert people.frame.tolist() == [1, 1, 2] and people.frame.dtype == np.int32
    assert people.keypoints[:, 0, 0].tolist() == [1, 1, 2] and people.keypoints.dtype == np.float32
    assert (people.count, people.fps, people.width, people.height) == (4, Fraction(30000, 1001), 64, 48)
    assert (people.estimator, people.checkpoint) == ("fixed", "sha256:0")
    # lightness of a white and of a black picture, at the joints of those found in them
    assert people.looks.shape == (3, CLOTHES_REGIONS, 3) and people.looks.dtype == np.float32
    assert np.allclose(people.looks[..., 0], [[100], [100], [0]], atol=0.01)
    assert "4/4" in caplog.text
    assert len(masks) == 4 and not any(masks[index].any() for index in range(4))


def test_every_shot_is_a_clip_of_its_own():
    """Behind a cut nobody is looked for where they were before it."""
    store = pictures(0, 255, 0, 255, 0)
    store.cuts = [2, 3]
    given = []

    class Following(Fixed):
        def detect(self, frames):
            given.append(list(frames))
            yield from np.full((len(given[-1]), 1, COUNT, 3), len(given), np.float32)

    people, _ = estimators.detect_people(Following([]), store, "bob")
    assert [len(shot) for shot in given] == [2, 1, 2]
    assert people.frame.tolist() == [0, 1, 2, 3, 4]
    assert people.keypoints[:, 0, 0].tolist() == [1, 1, 2, 3, 3]


class Masking(Fixed):
    """Gives a mask of as many white rows as it finds people, of frames without any none."""

    finds_masks = True

    def detect(self, frames, masks):
        for index, people in enumerate(super().detect(frames)):
            mask = np.zeros((48, 64), np.uint8)
            mask[: len(people)] = 255
            masks.add(mask if self.counts[index] else None)
            yield people


def test_the_masks_of_an_estimator_that_finds_them_are_kept():
    _, masks = estimators.detect_people(Masking([0, 2, 1]), pictures(0, 255, 0), "bob")
    assert (len(masks), masks.width, masks.height) == (3, 64, 48)
    assert [int((masks[index] == 255).sum()) for index in range(3)] == [0, 2 * 64, 64]


class Mover(Masking):
    """Finds one who stands, and when asked who moves, somebody in all frames but the first."""

    def follow_mover(self, shown):
        for index, frame, region in shown:
            assert frame.shape[:2] == region.mask.shape == (48, 64)
            if index:
                yield (
                    index,
                    np.full((COUNT, 3), 9, np.float32),
                    np.where(region.mask, 255, 0).astype(np.uint8),
                )


def square(count=6):
    """Frames with a bright square that moves."""
    store = pictures(*[60] * count)
    store.fps = Fraction(10)
    for index, frame in enumerate(store):
        frame[20:34, 8 * index : 8 * index + 14] = 255
    return store


def test_who_moves_but_was_not_found_is_added(caplog, monkeypatch):
    monkeypatch.setattr(movement.ShotTracker, "add", lambda *_: (np.eye(3), 1.0))
    with caplog.at_level(logging.INFO):
        people, masks = estimators.detect_people(Mover([1] * 6), square(), "bob")
    assert people.frame.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert people.keypoints[people.frame == 3, 0, 0].tolist() == [3, 9] and len(people.looks) == 11
    assert masks[3][27, 30] == 255 and masks[3][0].min() == 255 and masks[3][10, 30] == 0
    assert "frames 0 to 5: who moves most had not been found; by the movement now in 5 frames" in caplog.text


def test_what_moves_and_is_nobody_is_told(caplog, monkeypatch):
    monkeypatch.setattr(movement.ShotTracker, "add", lambda *_: (np.eye(3), 1.0))
    people, _ = estimators.detect_people(Masking([1] * 6), square(), "bob")
    assert people.frame.tolist() == [0, 1, 2, 3, 4, 5]
    assert re.search(r"warning: from frame 0, what is about \(\d+, 2\d\) px moves more", caplog.text)


def test_a_clip_without_anyone_is_refused():
    with pytest.raises(InputError, match="^bob: .*nobody.*; .+") as caught:
        estimators.detect_people(Fixed([0, 0]), pictures(0, 0), "bob")
    assert "\n" not in str(caught.value)


def test_points_outside_the_frame_are_missing():
    people = np.zeros((2, COUNT, 3), np.float32)
    people[0, :3] = (63, 47, 1.5), (64, 10, 1), (10, 10, 0)
    people[1, 0] = (-1, 10, 1)
    kept = estimators.drop_unseen(people, 64, 48)
    assert kept.shape == (1, COUNT, 3)
    assert kept[0, :3].tolist() == [[63, 47, 1], [0, 0, 0], [0, 0, 0]]


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """An empty cache of torch's; returns the folder that checkpoints go into."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


@pytest.fixture
def offline(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network today")

    monkeypatch.setattr(estimators.urllib.request, "urlopen", refuse)


@pytest.mark.usefixtures("offline")
def test_auto_without_the_checkpoint_takes_mediapipe_and_says_how_to_get_it(torch_home):
    decision = estimators.choose("auto", K30)
    assert (decision["estimator"], decision["checkpoint"]) == ("mediapipe", "embedded")
    for part in ("openpifpaf is not used", "no network today", estimators.PUBLISHED[K30], str(torch_home)):
        assert part in decision["reason"]
    assert "\n" not in decision["reason"]
    opened = estimators.open_estimator(decision, 1)
    assert (opened.name, opened.checkpoint) == ("mediapipe", f"sha256:{decision['sha256']}")


@pytest.mark.usefixtures("offline")
def test_openpifpaf_that_was_asked_for_never_becomes_mediapipe(torch_home):
    with pytest.raises(
        InputError, match=r"no network today.*; to use it, put https://.*sk30_wholebody\.pkl"
    ) as caught:
        estimators.choose("openpifpaf", K30)
    assert str(torch_home) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.usefixtures("offline")
def test_a_checkpoint_in_the_cache_is_taken(torch_home):
    torch_home.mkdir(parents=True)
    path = torch_home / "sk30_wholebody.pkl"
    path.write_bytes(b"weights")
    decision, digest = estimators.choose("auto", K30), hashlib.sha256(b"weights").hexdigest()
    assert decision == {
        "estimator": "openpifpaf",
        "checkpoint": str(path),
        "sha256": digest,
        "reason": f"{K30} is in torch's cache; not verified, no SHA-256 of it is published: {digest}",
    }


@pytest.mark.parametrize(
    "estimator, checkpoint, message",
    [
        ("openpose", K30, "'openpose' is unknown; choose"),
        ("auto", "no/such.pkl", "'no/such.pkl' is not a file; give"),
    ],
)
def test_a_typo_is_refused(estimator, checkpoint, message):
    with pytest.raises(InputError, match=message):
        estimators.choose(estimator, checkpoint)


def test_another_mediapipe_than_decided_on_is_refused():
    decision = {"estimator": "mediapipe", "checkpoint": "embedded", "sha256": "0" * 64, "reason": ""}
    with pytest.raises(InputError, match="mediapipe is not the one that was decided on; delete"):
        estimators.open_estimator(decision, 1)


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves 1000 bytes; /cut.pkl breaks off half-way, /gone.pkl is not there."""

    def do_GET(self):
        self.send_response(404 if "gone" in self.path else 200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * (500 if "cut" in self.path else 1000))

    def log_message(self, *_):
        pass


@pytest.fixture
def shelf(monkeypatch):
    """The address of a server on this machine."""
    monkeypatch.setenv("no_proxy", "*")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=functools.partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_lands_in_the_cache(torch_home, shelf, monkeypatch):
    monkeypatch.setitem(estimators.PUBLISHED, K30, f"{shelf}/sk30_wholebody.pkl")
    decision = estimators.choose("auto", K30)
    assert decision["estimator"] == "openpifpaf" and "downloaded" in decision["reason"]
    assert (torch_home / "sk30_wholebody.pkl").read_bytes() == b"x" * 1000
    assert sha256(torch_home / "sk30_wholebody.pkl") == decision["sha256"]


def test_the_published_checkpoints_come_over_https_alone(torch_home, monkeypatch):
    class Reply(io.BytesIO):
        url, headers = "http://mirror.example/sk30_wholebody.pkl", {}

    monkeypatch.setattr(estimators.urllib.request, "urlopen", lambda *_, **__: Reply(b"weights"))
    decision = estimators.choose("auto", K30)
    assert estimators.PUBLISHED[K30].startswith("https:")
    assert decision["estimator"] == "mediapipe" and "mirror.example" in decision["reason"]
    assert not list(torch_home.iterdir())


@pytest.mark.parametrize("name, reason", [("cut.pkl", "only 500 of 1000 bytes"), ("gone.pkl", "404")])
def test_a_failed_download_leaves_nothing(torch_home, shelf, monkeypatch, name, reason):
    monkeypatch.setitem(estimators.PUBLISHED, K30, f"{shelf}/{name}")
    decision = estimators.choose("auto", K30)
    assert decision["estimator"] == "mediapipe" and reason in decision["reason"]
    assert not torch_home.exists() or not list(torch_home.iterdir())


def test_the_largest_person_of_a_frame_counts():
    tall = performer(1, tall=60).keypoints
    small = performer(1, tall=20).keypoints
    found = estimators.largest_people([np.concatenate([small, tall, small]), tall[:0]])
    np.testing.assert_array_equal(found[0], tall[0])
    assert not found[1].any()
