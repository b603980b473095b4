"""Both pose estimators for real: mediapipe on the demo footage, openpifpaf through its own head and decoder.

openpifpaf's published weights are not needed: a small network answers with the fields of two known people,
moved by what it sees in the picture. It is saved and opened as a checkpoint, openpifpaf decodes its fields.
"""

import functools
import hashlib
import http.server
import logging
import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from dancenow import estimators
from dancenow.errors import InputError
from dancenow.estimators.mediapipe_holistic import MediapipeHolistic
from dancenow.estimators.openpifpaf_wholebody import MEAN, OpenpifpafWholebody
from dancenow.estimators.pifpaf_compat import import_openpifpaf
from dancenow.keypoints import BODY, BODY_NAMES, COUNT, INDEX, LEFT_HAND, RIGHT_HAND

openpifpaf = import_openpifpaf()

DATA = Path(__file__).resolve().parents[2] / "data"
K30 = "shufflenetv2k30-wholebody"

# ---------------------------------------------------------------- a network that knows two people

WIDTH, HEIGHT, STRIDE = 350, 318, 8
SURE = 12.0  # logit


class Glance(torch.nn.Module):
    """A base network of stride 8 that reports the mean red and blue of the picture, everywhere."""

    stride = STRIDE
    out_features = 2

    def forward(self, images):
        seen = images[:, [0, 2], :HEIGHT, :WIDTH].mean(dim=(2, 3), keepdim=True)
        height, width = ((side - 1) // STRIDE + 1 for side in images.shape[2:])
        return seen.expand(-1, -1, height, width)


class Recall(torch.nn.Module):
    """In place of a head's convolution: stored fields; their vectors move by (red, blue) strides."""

    def __init__(self, fields, vectors):
        super().__init__()
        self.register_buffer("fields", fields)
        self.vectors = vectors

    def forward(self, seen):
        fields = self.fields.repeat(len(seen), 1, 1, 1, 1)
        for vector in range(self.vectors):
            fields[:, :, 2 + 2 * vector : 4 + 2 * vector] += seen[:, None]
        return fields.flatten(1, 2)


def couple():
    """(2, 133, 2) float32: openpifpaf's standing wholebody pose, left and right in a WIDTH x HEIGHT frame."""
    pose = np.array(openpifpaf.plugins.wholebody.constants.WHOLEBODY_STANDING_POSE, np.float32)
    low, high = pose[:, :2].min(axis=0), pose[:, :2].max(axis=0)
    scale = (HEIGHT - 50) / (high[1] - low[1])
    centred = (pose[:, :2] - (low + high) / 2) * (scale, -scale)
    places = np.array([[WIDTH * 0.25, HEIGHT / 2], [WIDTH * 0.75, HEIGHT / 2]])
    return (centred + places[:, None]).astype(np.float32)


def logits(targets, confidences):
    """An encoder's training targets as what the head's convolution would have to say.

    targets: (F, C, H, W) with `confidences` first, then vectors, spreads, scales; NaN where nothing is.
    """
    targets = torch.nan_to_num(targets)
    vectors = (targets.shape[1] - 1) // 4
    confidence = torch.where(targets[:, :1] > 0.5, SURE, -SURE)
    places = targets[:, 1 : 1 + 2 * vectors]
    scales = targets[:, 1 + 3 * vectors :].clamp_min(1e-3)
    spread = torch.zeros_like(confidence)
    return torch.cat([spread, confidence, places, torch.log(torch.expm1(scales))], dim=1)


def make_network(metas):
    """A Shell whose heads, openpifpaf's own, have yet to learn the couple."""
    base = Glance()
    heads = [openpifpaf.network.heads.CompositeField4(meta, base.out_features) for meta in metas]
    return openpifpaf.network.nets.Shell(base, heads)


def save_checkpoint(network, path):
    """Write as openpifpaf's trainer does; returns the decision that `choose` takes about the file."""
    torch.save({"model": network, "epoch": 0, "meta": {}}, path)
    return estimators.choose("openpifpaf", str(path))


@pytest.fixture(scope="module")
def knowing(tmp_path_factory):
    """The decision about a checkpoint whose network knows the couple."""
    metas = openpifpaf.plugins.wholebody.Wholebody().head_metas
    network = make_network(metas)
    people = [
        {
            "keypoints": np.c_[points, np.full(COUNT, 2)].astype(np.float32),
            "bbox": np.array([*points.min(axis=0), *np.ptp(points, axis=0)]),
            "iscrowd": False,
            "category_id": 1,
        }
        for points in couple()
    ]
    image = torch.zeros(3, -(-(HEIGHT - 1) // 16) * 16 + 1, -(-(WIDTH - 1) // 16) * 16 + 1)
    for head, encoder in zip(
        network.head_nets, (openpifpaf.encoder.Cif, openpifpaf.encoder.Caf), strict=True
    ):
        targets = encoder(head.meta)(image, people, {})
        head.conv = Recall(logits(targets, 1), head.meta.n_vectors)
    return save_checkpoint(network, tmp_path_factory.mktemp("checkpoint") / "knowing.pkl")


def plain_frame(dx, dy):
    """A frame of one colour that moves the couple by about (dx, dy) px, and the exact movement."""
    wanted = np.array([dx / STRIDE * 0.229 + MEAN[0], 0.5, dy / STRIDE * 0.225 + MEAN[2]])
    colour = np.round(wanted * 255).astype(np.uint8)
    exact = (colour[[0, 2]] / 255 - (MEAN[0], MEAN[2])) / (0.229, 0.225) * STRIDE
    return np.broadcast_to(colour, (HEIGHT, WIDTH, 3)), exact


MOVES = ((0, 0), (6, -4), (-7, 5), (3, 8), (-2, -9))


def test_openpifpaf_finds_everyone_with_all_keypoints(knowing):
    estimator = estimators.open_estimator(knowing, 1)
    assert estimator.name == "openpifpaf"
    assert estimator.checkpoint == f"sha256:{knowing['sha256']}"
    frames, moved = zip(*(plain_frame(*move) for move in MOVES[:3]), strict=True)
    found = list(estimator.detect(iter(frames)))
    assert [people.shape for people in found] == [(2, COUNT, 3)] * 3
    for people, move in zip(found, moved, strict=True):
        assert people.dtype == np.float32
        assert (people[..., 2] > 0.5).all() and (people[..., 2] <= 1).all()
        left_to_right = people[np.argsort(people[:, 0, 0])]
        assert np.abs(left_to_right[..., :2] - couple() - move).max() < 1


def test_openpifpaf_batches_change_nothing(knowing):
    frames = [plain_frame(*move)[0] for move in MOVES]
    single, pairs = (
        OpenpifpafWholebody(knowing["checkpoint"], knowing["sha256"], 1, batch=batch) for batch in (1, 2)
    )
    for alone, together in zip(single.detect(frames), pairs.detect(frames), strict=True):
        assert alone.shape == (2, COUNT, 3)
        np.testing.assert_allclose(alone, together, atol=1e-3)


def test_openpifpaf_names_are_the_canonical_skeleton():
    cif, _ = openpifpaf.plugins.wholebody.Wholebody().head_metas
    assert len(cif.keypoints) == COUNT
    assert cif.keypoints[: len(BODY_NAMES)] == BODY_NAMES
    assert all(name.startswith("lh_") for name in cif.keypoints[LEFT_HAND])
    assert all(name.startswith("rh_") for name in cif.keypoints[RIGHT_HAND])


def test_openpifpaf_runs_the_published_architecture(tmp_path):
    metas = openpifpaf.plugins.wholebody.Wholebody().head_metas
    for meta in metas:
        meta.upsample_stride = 2
    torch.manual_seed(0)
    base = openpifpaf.network.factory.BASE_FACTORIES["shufflenetv2k16"]()
    heads = [openpifpaf.network.heads.CompositeField4(meta, base.out_features) for meta in metas]
    network = openpifpaf.network.nets.Shell(base, heads)
    estimator = estimators.open_estimator(save_checkpoint(network, tmp_path / "k16.pkl"), 1)
    images = torch.zeros(2, 3, 97, 81)
    with torch.inference_mode():
        cif, caf = estimator.network(images)
    assert cif.shape == (2, 133, 5, 13, 11)
    assert caf.shape == (2, 160, 8, 13, 11)


def test_a_network_for_other_keypoints_is_refused(tmp_path):
    network = make_network(openpifpaf.plugins.coco.CocoKp().head_metas)
    decision = save_checkpoint(network, tmp_path / "cocokp.pkl")
    with pytest.raises(
        InputError, match=r"cocokp\.pkl: not a network for the 133 keypoints.*; take a wholebody"
    ):
        estimators.open_estimator(decision, 1)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "letter.pkl"
    path.write_text("dear openpifpaf\n")
    with pytest.raises(InputError, match=r"letter\.pkl: not an openpifpaf checkpoint \(.*; replace it"):
        estimators.open_estimator(estimators.choose("openpifpaf", str(path)), 1)


def test_another_checkpoint_than_decided_on_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "network.pkl"
    path.write_bytes(b"first")
    decision = estimators.choose("openpifpaf", str(path))
    path.write_bytes(b"second")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a file of unknown hash was unpickled"))
    with pytest.raises(
        InputError, match=r"network\.pkl: not the checkpoint that this run decided on.*; delete"
    ):
        estimators.open_estimator(decision, 1)
    path.unlink()
    with pytest.raises(InputError, match=r"network\.pkl: the openpifpaf checkpoint is gone; "):
        estimators.open_estimator(decision, 1)


# ---------------------------------------------------------------- mediapipe on the demo footage

STEP = 12  # frames of the clip between two that are looked at
LOOKED_AT = 6


@pytest.fixture(scope="module")
def alice():
    """(frames, truth): a handful of frames, and {joint: (T, 3)} of where the rig's joints are."""
    clip = cv2.VideoCapture(str(DATA / "alice.mp4"))
    frames = [clip.read()[1] for _ in range(STEP * LOOKED_AT)][::STEP]
    with np.load(DATA / "alice.keypoints.npz") as stored:
        points = stored["keypoints"][: STEP * LOOKED_AT : STEP]
        truth = dict(zip(stored["names"].tolist(), points.swapaxes(0, 1), strict=True))
    return [cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in frames], truth


@pytest.fixture(scope="module")
def detected(alice):
    """(T, 133, 3): alice as mediapipe sees her."""
    found = list(MediapipeHolistic().detect(alice[0]))
    assert [people.shape for people in found] == [(1, COUNT, 3)] * LOOKED_AT
    return np.concatenate(found)


def body_height(truth):
    """px from the lowest ankle to the nose of the first frame, in which alice stands."""
    return max(truth["left_ankle"][0, 1], truth["right_ankle"][0, 1]) - truth["nose"][0, 1]


def test_mediapipe_finds_the_joints(alice, detected):
    truth = alice[1]
    wanted = np.stack([truth[name] for name in BODY_NAMES[BODY]], axis=1)
    assert (detected[:, BODY, 2][wanted[..., 2] > 0] > 0.5).all()
    errors = np.linalg.norm(detected[:, BODY, :2] - wanted[..., :2], axis=-1)[wanted[..., 2] > 0]
    assert errors.mean() < 0.03 * body_height(truth)


def test_mediapipe_keeps_left_and_right_apart(alice, detected):
    truth, compared = alice[1], 0
    for name in BODY_NAMES[BODY]:
        if not name.startswith("left_"):
            continue
        other = name.replace("left_", "right_")
        apart = np.linalg.norm(truth[name][:, :2] - truth[other][:, :2], axis=-1) > 0.1 * body_height(truth)
        for own, opposite in ((name, other), (other, name)):
            points = detected[apart, INDEX[own], :2]
            near = np.linalg.norm(points - truth[own][apart, :2], axis=-1)
            far = np.linalg.norm(points - truth[opposite][apart, :2], axis=-1)
            assert (near < far).all(), own
            compared += len(points)
    assert compared > 4 * LOOKED_AT


def test_mediapipe_hands_are_on_their_own_side(alice, detected):
    truth, seen = alice[1], 0
    for side, part in (("left", LEFT_HAND), ("right", RIGHT_HAND)):
        joints = [points[:, :2] for name, points in truth.items() if name.startswith(f"{side}_hand")]
        middle = np.mean(joints, axis=0)
        found = detected[:, part, 2].all(axis=-1)
        distance = np.linalg.norm(detected[:, part, :2].mean(axis=1) - middle, axis=-1)[found]
        assert (distance < 0.05 * body_height(truth)).all()
        seen += found.sum()
    assert seen >= LOOKED_AT


def test_mediapipe_starts_every_clip_afresh(alice, detected):
    estimator = MediapipeHolistic()
    blank = np.zeros_like(alice[0][0])
    assert next(estimator.detect([blank])).shape == (0, COUNT, 3)
    np.testing.assert_array_equal(next(estimator.detect(alice[0][:1]))[0], detected[0])


# ---------------------------------------------------------------- everyone in a clip


class Frames(list):
    """Stands for a FrameStore."""

    fps, width, height = Fraction(30000, 1001), 64, 48


class Fixed:
    """Finds so many people in each frame, numbered by the frame."""

    name, checkpoint = "fixed", "sha256:0"

    def __init__(self, counts):
        self.counts = counts

    def detect(self, frames):
        for index, (count, _) in enumerate(zip(self.counts, frames, strict=True)):
            yield np.full((count, COUNT, 3), index, np.float32)


def test_detect_people_keeps_everyone_with_their_frame(caplog):
    with caplog.at_level(logging.INFO):
        people = estimators.detect_people(Fixed([0, 2, 1, 0]), Frames(range(4)), "bob")
    assert people.frame.tolist() == [1, 1, 2] and people.frame.dtype == np.int32
    assert people.keypoints[:, 0, 0].tolist() == [1, 1, 2] and people.keypoints.dtype == np.float32
    assert (people.count, people.fps, people.width, people.height) == (4, Fraction(30000, 1001), 64, 48)
    assert (people.estimator, people.checkpoint) == ("fixed", "sha256:0")
    assert "4/4" in caplog.text


def test_a_clip_without_anyone_is_refused():
    with pytest.raises(InputError, match="^bob: .*nobody.*; .+") as caught:
        estimators.detect_people(Fixed([0, 0]), Frames(range(2)), "bob")
    assert "\n" not in str(caught.value)


def test_points_outside_the_frame_are_missing():
    people = np.zeros((2, COUNT, 3), np.float32)
    people[0, :3] = (63, 47, 1.5), (64, 10, 1), (10, 10, 0)
    people[1, 0] = (-1, 10, 1)
    kept = estimators.drop_unseen(people, 64, 48)
    assert kept.shape == (1, COUNT, 3)
    assert kept[0, :3].tolist() == [[63, 47, 1], [0, 0, 0], [0, 0, 0]]


# ---------------------------------------------------------------- which estimator a run uses


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
    decision = estimators.choose("auto", K30)
    assert decision == {
        "estimator": "openpifpaf",
        "checkpoint": str(path),
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "reason": f"{K30} is in torch's cache",
    }


def test_mediapipe_that_was_asked_for_is_taken(knowing):
    assert estimators.choose("mediapipe", knowing["checkpoint"])["estimator"] == "mediapipe"
    assert estimators.choose("auto", knowing["checkpoint"])["estimator"] == "openpifpaf"


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
    assert estimators.sha256(torch_home / "sk30_wholebody.pkl") == decision["sha256"]


@pytest.mark.parametrize("name, reason", [("cut.pkl", "only 500 of 1000 bytes"), ("gone.pkl", "404")])
def test_a_failed_download_leaves_nothing(torch_home, shelf, monkeypatch, name, reason):
    monkeypatch.setitem(estimators.PUBLISHED, K30, f"{shelf}/{name}")
    decision = estimators.choose("auto", K30)
    assert decision["estimator"] == "mediapipe" and reason in decision["reason"]
    assert not torch_home.exists() or not list(torch_home.iterdir())
