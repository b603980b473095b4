"""The decision which estimator a run uses, and what all estimators do with the people they found."""

import functools
import hashlib
import http.server
import io
import threading

import numpy as np
import pytest

from dancenow.errors import InputError
from dancenow.files import sha256
from dancenow.keypoints import COUNT
from dancenow.pose.estimators import choosing
from dancenow.pose.estimators.estimator import drop_unseen, largest_people
from performers import performer

K30 = "shufflenetv2k30-wholebody"


def test_points_outside_the_frame_are_missing():
    people = np.zeros((2, COUNT, 3), np.float32)
    people[0, :3] = (63, 47, 1.5), (64, 10, 1), (10, 10, 0)
    people[1, 0] = (-1, 10, 1)
    kept = drop_unseen(people, 64, 48)
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

    monkeypatch.setattr(choosing.urllib.request, "urlopen", refuse)


@pytest.mark.usefixtures("offline")
def test_auto_without_the_checkpoint_takes_mediapipe_and_says_how_to_get_it(torch_home):
    decision = choosing.choose("auto", K30)
    assert (decision["estimator"], decision["checkpoint"]) == ("mediapipe", "embedded")
    for part in ("openpifpaf is not used", "no network today", choosing.PUBLISHED[K30], str(torch_home)):
        assert part in decision["reason"]
    assert "\n" not in decision["reason"]
    opened = choosing.open_estimator(decision, 1)
    assert (opened.name, opened.checkpoint) == ("mediapipe", f"sha256:{decision['sha256']}")


@pytest.mark.usefixtures("offline")
def test_openpifpaf_that_was_asked_for_never_becomes_mediapipe(torch_home):
    with pytest.raises(
        InputError, match=r"no network today.*; to use it, put https://.*sk30_wholebody\.pkl"
    ) as caught:
        choosing.choose("openpifpaf", K30)
    assert str(torch_home) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.usefixtures("offline")
def test_a_checkpoint_in_the_cache_is_taken(torch_home):
    torch_home.mkdir(parents=True)
    path = torch_home / "sk30_wholebody.pkl"
    path.write_bytes(b"weights")
    decision, digest = choosing.choose("auto", K30), hashlib.sha256(b"weights").hexdigest()
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
        choosing.choose(estimator, checkpoint)


def test_another_mediapipe_than_decided_on_is_refused():
    decision = {"estimator": "mediapipe", "checkpoint": "embedded", "sha256": "0" * 64, "reason": ""}
    with pytest.raises(InputError, match="mediapipe is not the one that was decided on; delete"):
        choosing.open_estimator(decision, 1)


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
    monkeypatch.setitem(choosing.PUBLISHED, K30, f"{shelf}/sk30_wholebody.pkl")
    decision = choosing.choose("auto", K30)
    assert decision["estimator"] == "openpifpaf" and "downloaded" in decision["reason"]
    assert (torch_home / "sk30_wholebody.pkl").read_bytes() == b"x" * 1000
    assert sha256(torch_home / "sk30_wholebody.pkl") == decision["sha256"]


def test_the_published_checkpoints_come_over_https_alone(torch_home, monkeypatch):
    class Reply(io.BytesIO):
        url, headers = "http://mirror.example/sk30_wholebody.pkl", {}

    monkeypatch.setattr(choosing.urllib.request, "urlopen", lambda *_, **__: Reply(b"weights"))
    decision = choosing.choose("auto", K30)
    assert choosing.PUBLISHED[K30].startswith("https:")
    assert decision["estimator"] == "mediapipe" and "mirror.example" in decision["reason"]
    assert not list(torch_home.iterdir())


@pytest.mark.parametrize("name, reason", [("cut.pkl", "only 500 of 1000 bytes"), ("gone.pkl", "404")])
def test_a_failed_download_leaves_nothing(torch_home, shelf, monkeypatch, name, reason):
    monkeypatch.setitem(choosing.PUBLISHED, K30, f"{shelf}/{name}")
    decision = choosing.choose("auto", K30)
    assert decision["estimator"] == "mediapipe" and reason in decision["reason"]
    assert not torch_home.exists() or not list(torch_home.iterdir())


def test_the_largest_person_of_a_frame_counts():
    tall = performer(1, tall=60).keypoints
    small = performer(1, tall=20).keypoints
    found = largest_people([np.concatenate([small, tall, small]), tall[:0]])
    np.testing.assert_array_equal(found[0], tall[0])
    assert not found[1].any()
