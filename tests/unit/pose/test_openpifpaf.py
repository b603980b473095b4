"""openpifpaf for real, through its own head and decoder.

Its published weights are not needed: a small network answers with the fields of two known people, moved by
what it sees in the picture. It is saved and opened as a checkpoint, openpifpaf decodes its fields.
"""

import os
import pickle

import numpy as np
import pytest
import torch

from dancenow.errors import InputError
from dancenow.keypoints import BODY_NAMES, COUNT, LEFT_HAND, RIGHT_HAND
from dancenow.pose.estimators import choosing
from dancenow.pose.estimators.openpifpaf_wholebody import MEAN, OpenpifpafWholebody
from dancenow.pose.estimators.pifpaf_compat import import_openpifpaf

openpifpaf = import_openpifpaf()

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


@pytest.fixture
def trusted():
    """The two modules above let through, which are no parts of openpifpaf's own networks."""
    with torch.serialization.safe_globals([Glance, Recall]):
        yield


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


def save_checkpoint(network, path, **save):
    """Write as openpifpaf's trainer does; returns the decision that `choose` takes about the file."""
    meta = {"args": {"basenet": "shufflenetv2k16", "device": torch.device("cpu")}, "version": "0.12.14"}
    torch.save({"model": network, "epoch": 0, "meta": meta}, path, **save)
    return choosing.choose("openpifpaf", str(path))


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


@pytest.mark.usefixtures("trusted")
def test_openpifpaf_finds_everyone_with_all_keypoints(knowing):
    estimator = choosing.open_estimator(knowing, 1)
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


@pytest.mark.usefixtures("trusted")
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


def random_network(base_name):
    """A Shell with random weights around one of openpifpaf's base networks."""
    metas = openpifpaf.plugins.wholebody.Wholebody().head_metas
    for meta in metas:
        meta.upsample_stride = 2
    torch.manual_seed(0)
    base = openpifpaf.network.factory.BASE_FACTORIES[base_name]()
    heads = [openpifpaf.network.heads.CompositeField4(meta, base.out_features) for meta in metas]
    return openpifpaf.network.nets.Shell(base, heads)


def test_openpifpaf_runs_the_published_architecture(tmp_path):
    network = random_network("shufflenetv2k16")
    estimator = choosing.open_estimator(save_checkpoint(network, tmp_path / "k16.pkl"), 1)
    images = torch.zeros(2, 3, 97, 81)
    with torch.inference_mode():
        cif, caf = estimator.network(images)
        expected = network.eval()(images)
    assert cif.shape == (2, 133, 5, 13, 11)
    assert caf.shape == (2, 160, 8, 13, 11)
    assert torch.equal(cif, expected[0]) and torch.equal(caf, expected[1])
    assert np.array_equal(estimator.network.head_metas[0].pose, network.head_metas[0].pose)


def test_a_checkpoint_on_a_network_of_torchvision_opens(tmp_path, monkeypatch):
    monkeypatch.setattr(openpifpaf.network.basenetworks.MobileNetV3, "pretrained", False)
    decision = save_checkpoint(random_network("mobilenetv3small"), tmp_path / "small.pkl")
    assert choosing.open_estimator(decision, 1).network.base_net.name == "mobilenetv3small"


class Bomb:
    """Unpickled in full, it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"mkdir '{self.path}'",)


NEEDS = r"opened: it needs (posix|nt)\.system, .*; use"


@pytest.mark.parametrize(
    "place, zipped, refused",
    [
        ("instead", True, NEEDS),
        ("inside", True, NEEDS),
        # as torch saved before 1.6
        ("instead", False, NEEDS),
        ("inside", False, r"an openpifpaf checkpoint \(Only persistent_load of storage is allowed"),
    ],
)
def test_a_checkpoint_that_is_a_program_is_not_run(tmp_path, place, zipped, refused):
    network = bomb = Bomb(tmp_path / "went-off")
    if place == "inside":
        network = random_network("shufflenetv2k16")
        network.head_nets[0].meta.sigmas = bomb
    decision = save_checkpoint(network, tmp_path / "k16.pkl", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=rf"k16\.pkl: not {refused}") as caught:
        choosing.open_estimator(decision, 1)
    assert "\n" not in str(caught.value)
    assert not bomb.path.exists()


def test_a_bare_pickle_is_not_run(tmp_path):
    bomb, path = Bomb(tmp_path / "went-off"), tmp_path / "bare.pkl"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps({"model": bomb}, protocol))
        with pytest.raises(InputError, match=r"bare\.pkl: not ") as caught:
            choosing.open_estimator(choosing.choose("openpifpaf", str(path)), 1)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
        assert not bomb.path.exists()


def test_a_checkpoint_of_classes_that_openpifpaf_lacks_is_refused_with_their_name(tmp_path):
    network = make_network(openpifpaf.plugins.wholebody.Wholebody().head_metas)
    decision = save_checkpoint(network, tmp_path / "own.pkl")
    with pytest.raises(InputError, match=r"own\.pkl: not opened: it needs test_openpifpaf\.Glance, "):
        choosing.open_estimator(decision, 1)


@pytest.mark.usefixtures("trusted")
def test_a_network_for_other_keypoints_is_refused(tmp_path):
    network = make_network(openpifpaf.plugins.coco.CocoKp().head_metas)
    decision = save_checkpoint(network, tmp_path / "cocokp.pkl")
    with pytest.raises(
        InputError, match=r"cocokp\.pkl: not a network for the 133 keypoints.*; use a wholebody"
    ):
        choosing.open_estimator(decision, 1)


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / "letter.pkl"
    path.write_text("dear openpifpaf\n")
    with pytest.raises(InputError, match=r"letter\.pkl: not an openpifpaf checkpoint \(.*; replace it"):
        choosing.open_estimator(choosing.choose("openpifpaf", str(path)), 1)


def test_another_checkpoint_than_decided_on_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "network.pkl"
    path.write_bytes(b"first")
    decision = choosing.choose("openpifpaf", str(path))
    path.write_bytes(b"second")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("a file of unknown hash was unpickled"))
    with pytest.raises(
        InputError, match=r"network\.pkl: not the checkpoint that this run decided on.*; delete"
    ):
        choosing.open_estimator(decision, 1)
    path.unlink()
    with pytest.raises(InputError, match=r"network\.pkl: the openpifpaf checkpoint is gone; "):
        choosing.open_estimator(decision, 1)


def test_mediapipe_that_was_asked_for_is_taken(knowing):
    assert choosing.choose("mediapipe", knowing["checkpoint"])["estimator"] == "mediapipe"
    assert choosing.choose("auto", knowing["checkpoint"])["estimator"] == "openpifpaf"
