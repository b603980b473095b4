"""The invisible mark: found where it was put, hardly changing the picture, and never found elsewhere."""

import errno
import os

import cv2
import numpy as np
import pytest
from skimage.metrics import structural_similarity

from clips import ffmpeg
from dancenow.errors import InputError
from dancenow.provenance.detection import (
    LEAD,
    LIKELY,
    chance,
    find_in,
    find_in_frames,
    find_mark,
    laid_over,
    tile_units,
)
from dancenow.provenance.finishing import finished, finishing, kept_payloads
from dancenow.provenance.keys import authority, signing_key
from dancenow.provenance.manifest import inputs_of, sign
from dancenow.provenance.mark import SSIM_LOSS, STRONGEST, Mark, load_key, payload_of, strength
from dancenow.provenance.pattern import CHIPS, GRID, Pattern, decode_payload, encode_payload
from dancenow.provenance.verdict import BROKEN, SILENT, examine
from dancenow.video.media import encode

KEY, PAYLOAD = bytes(range(32)), 0xC0FFEE42
WIDTH, HEIGHT = 512, 288


def scene(seed=0, count=6):
    """A still room of cloudy texture with a block that moves through it, as synthesis gives."""
    noise = np.random.default_rng(seed)
    wall = sum(
        cv2.resize(noise.normal(0, 0.6 * size**0.4, (HEIGHT // size, WIDTH // size, 3)), (WIDTH, HEIGHT))
        for size in (2, 4, 8, 16, 32)
    )
    wall = np.clip(wall + 120, 0, 255).astype(np.uint8)
    for number in range(count):
        frame = wall.copy()
        frame[80:240, 60 + 20 * number : 130 + 20 * number] = wall[20:180, 300:370] // 2
        yield frame


@pytest.fixture(scope="module")
def marked():
    mark = Mark(KEY, PAYLOAD, WIDTH, HEIGHT)
    return [mark(frame) for frame in scene()]


def test_the_mark_is_found_with_its_payload_and_hides(marked):
    found = find_in_frames(marked, KEY)
    assert found.marked and found.payload == PAYLOAD and found.probability < 1e-60
    error = np.array(marked, float) - np.array(list(scene()), float)
    assert 0 < np.mean(error**2) < 255**2 / 10**4.2  # 42 dB
    assert np.ptp(error, axis=-1).max() == 0  # luma alone, where nothing is clipped


def test_nothing_is_found_without_the_mark_or_with_another_key(marked):
    assert not find_in_frames(scene(), KEY, [*range(500), PAYLOAD]).marked
    other = find_in_frames(marked, bytes(32))
    assert not other.marked and other.payload is None and other.probability > LIKELY


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame[:, WIDTH // 10 :],
        lambda frame: frame[HEIGHT // 10 :],
        lambda frame: cv2.resize(frame, (640, 360), interpolation=cv2.INTER_CUBIC),
        lambda frame: cv2.GaussianBlur(cv2.resize(frame, (700, 394)), (0, 0), 1),
        lambda frame: frame[:, ::-1],
        lambda frame: np.rot90(frame),
        lambda frame: cv2.copyMakeBorder(frame, 300, 300, 0, 0, cv2.BORDER_CONSTANT),
    ],
    ids=["cropped left", "cropped top", "360p", "screen", "mirrored", "turned", "bars"],
)
def test_the_mark_survives(marked, change):
    found = find_in_frames(map(change, marked), KEY)
    assert found.marked and found.payload == PAYLOAD


def test_the_mark_is_found_before_folds_that_are_strong_in_its_own_frequencies():
    draw = np.random.default_rng(1)
    folds = cv2.GaussianBlur(draw.normal(0, 250, (1, WIDTH)), (0, 0), 4) + 120
    waves = cv2.GaussianBlur(draw.normal(0, 20, (HEIGHT, WIDTH)), (0, 0), 6)
    curtain = np.clip(folds + waves, 0, 255).astype(np.uint8)
    frame = Mark(KEY, PAYLOAD, WIDTH, HEIGHT)(cv2.merge([curtain] * 3))
    found = find_in_frames([frame], KEY)
    assert found.payload == PAYLOAD and found.probability < 1e-60


def test_the_mark_survives_a_coarse_encoding(tmp_path):
    mark = Mark(KEY, PAYLOAD, WIDTH, HEIGHT)
    frames = (mark(frame) for frame in scene(count=18))
    encode(tmp_path / "coarse.mp4", frames, 25, WIDTH, HEIGHT, crf=28)
    assert find_mark(tmp_path / "coarse.mp4", KEY).payload == PAYLOAD


def test_the_mark_survives_a_camera_that_pans(tmp_path):
    wall = np.concatenate(list(scene(3, 1)) * 2, axis=1)
    mark = Mark(KEY, PAYLOAD, WIDTH, HEIGHT)
    frames = [mark(np.ascontiguousarray(wall[:, 7 * step : 7 * step + WIDTH])) for step in range(20)]
    encode(tmp_path / "pan.mp4", iter(frames), 25, WIDTH, HEIGHT, crf=28)
    # so much is lost that the key alone may read a wrong bit
    found = find_mark(tmp_path / "pan.mp4", KEY, [*range(200), PAYLOAD])
    assert found.payload == PAYLOAD and found.margin >= LEAD and found.tile == WIDTH / 2


def test_a_payload_that_was_given_here_is_told_where_the_key_alone_finds_nothing(marked):
    draw = np.random.default_rng(0)
    noisy = [np.clip(frame + draw.normal(0, 55, frame.shape), 0, 255).astype(np.uint8) for frame in marked]
    given = [*draw.integers(0, 2**32, 500).tolist(), PAYLOAD]
    laid = laid_over(noisy)
    assert not find_in(laid, KEY).marked
    found = find_in(laid, KEY, given)
    assert found.payload == PAYLOAD and found.margin >= LEAD


def test_a_still_place_does_not_flicker(marked):
    before, after = list(scene())[:2], marked[:2]
    still = np.abs(before[1].astype(int) - before[0]).max(-1) == 0
    still[60:260, 40:180] = False  # near what moves the strength may change
    change = np.abs(after[1].astype(int) - after[0])[still]
    assert still.any() and change.max() <= 1 and np.mean(change > 0) < 5e-4


def test_strength_follows_what_is_busy():
    frame = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    busy = np.random.default_rng(0).integers(28, 228, (HEIGHT // 4, WIDTH // 8, 3), np.uint8)
    frame[:, WIDTH // 2 :] = busy.repeat(4, 0).repeat(4, 1)
    found = strength(frame)
    assert found[:, 400:].min() > 1.4 * found[:, :100].max() and found.max() <= STRONGEST
    plain_side = found[:, WIDTH // 2 - 8 : WIDTH // 2 - 2]
    assert plain_side.max() < 1.2 * found[:, :100].max()


@pytest.mark.parametrize("kind", ["plain", "room", "noise"])
def test_a_frame_loses_no_more_likeness_than_it_may(kind):
    frame = next(scene())
    if kind == "plain":
        frame = np.full_like(frame, 128)
    if kind == "noise":
        frame = np.random.default_rng(0).integers(0, 256, frame.shape, np.uint8)
    marked = Mark(KEY, PAYLOAD, WIDTH, HEIGHT)(frame)
    lost = 1 - structural_similarity(frame, marked, channel_axis=2)
    assert 0.0001 < lost <= SSIM_LOSS + 2e-5
    assert 10 * np.log10(255**2 / np.mean((marked.astype(float) - frame) ** 2)) > 42


def test_payload_comes_back_though_a_fifth_of_the_chips_is_wrong():
    draw = np.random.default_rng(0)
    for payload in (0, 2**32 - 1, *draw.integers(0, 2**32, 20).tolist()):
        chips = encode_payload(payload)
        chips[draw.permutation(CHIPS)[: CHIPS // 5]] *= -1
        assert decode_payload(chips)[0] == payload


def test_the_stated_probability_is_not_passed():
    """Scores of 2000 keys in one picture: no more of them pass any threshold than `chance` says."""
    picture = laid_over(scene(count=2))[:GRID, :GRID]
    scores = []
    for number in range(2000):
        pattern = Pattern(number.to_bytes(32, "big"))
        scores.append((tile_units(picture, GRID, pattern) * pattern.phase.conj()).real.sum())
    for score in (30, 50, 70):
        assert 0 < np.mean(np.array(scores) >= score) <= chance(score, 1)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "secrets/mark.key"
    key = load_key(path)
    assert load_key(path) == key and len(key) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["mark.key"]
    path.chmod(0o644)
    with pytest.raises(InputError, match="others may read the secret key .*chmod 600"):
        load_key(path)
    path.chmod(0o600)
    path.write_bytes(b"short")
    with pytest.raises(InputError, match="5 bytes, but a key has 32"):
        load_key(path)


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_disk_without_hard_links_and_modes_holds_a_key(tmp_path, monkeypatch, caplog, number):
    """A USB stick, or a Windows folder under WSL: chmod does nothing, link fails."""

    def refuse(*given):
        raise OSError(number, os.strerror(number))

    path, fstat = tmp_path / "secrets/mark.key", os.fstat
    monkeypatch.setattr(os, "link", refuse)
    key = load_key(path)
    assert load_key(path) == key and [file.name for file in path.parent.iterdir()] == ["mark.key"]
    path.chmod(0o777)
    monkeypatch.setattr(
        os, "fstat", lambda file: os.stat_result((fstat(file).st_mode | 0o777, *fstat(file)[1:]))
    )
    assert load_key(path) == key
    assert f"{path}: this disk keeps no permissions" in caplog.text


def test_finishing_labels_first_and_marks_the_files_payload(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").write_bytes(b"weights")
    settings = {"mark": True, "label": "text", "label_position": "top-left", "label_size": 0.1}
    steps = finishing(settings, WIDTH, HEIGHT, ["model"])
    frames = list(finished(scene(), steps))
    found = find_in_frames(frames, load_key("secrets/mark.key"))
    assert found.payload == payload_of(["model"])
    assert frames[0][:60, :300].max() > 235 and frames[0][:60, :300].min() < 20
    assert finishing(settings | {"mark": False, "label": "none"}, WIDTH, HEIGHT, ["model"]) == []
    assert kept_payloads() == [payload_of(["model"])]


def test_a_folder_that_nobody_may_write_to_stops_no_marking(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").write_bytes(b"weights")
    load_key("secrets/mark.key")
    (tmp_path / "secrets/payloads").write_bytes(b"in the way")
    settings = {"mark": True, "label": "none"}
    assert len(finishing(settings, WIDTH, HEIGHT, ["model"])) == 1 and kept_payloads() == []
    assert "secrets/payloads" in caplog.text and "not kept" in caplog.text


def test_a_copy_without_its_manifest_is_told_by_its_mark(marked, tmp_path):
    encode(tmp_path / "copy.mp4", marked, 25, WIDTH, HEIGHT)
    told = examine(tmp_path / "copy.mp4", mark_key=KEY)
    assert told["mark"]["payload"] == f"{PAYLOAD:08x}" and told["status"] == SILENT
    assert "synthetic; its signed statement was removed" in told["verdict"]
    assert examine(tmp_path / "copy.mp4")["mark"] is None


def test_a_statement_that_names_another_mark_is_broken_and_a_stream_copy_keeps_the_mark(marked, tmp_path):
    path, copy = tmp_path / "signed.mp4", tmp_path / "copy.mp4"
    encode(path, marked, 25, WIDTH, HEIGHT)
    inputs = inputs_of({}, {}, {}, "c0de" * 16, PAYLOAD ^ 1)
    sign(path, path.name, signing_key(folder=tmp_path / "keys"), True, {}, inputs)
    told = examine(path, authority(tmp_path / "keys"), KEY)
    assert (told["signature"], told["status"]) == ("valid", BROKEN)
    assert f"the statement names {PAYLOAD ^ 1:08x}" in told["verdict"] and "\n" not in told["verdict"]
    ffmpeg("-i", path, "-c copy -movflags +faststart", copy)
    told = examine(copy, mark_key=KEY)
    assert (told["signature"], told["status"], told["mark"]["payload"]) == (
        "absent",
        SILENT,
        f"{PAYLOAD:08x}",
    )
