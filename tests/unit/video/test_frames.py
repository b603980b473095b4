import json
import pickle
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import cv2
import numpy as np
import pytest

from dancenow import progress
from dancenow.errors import InputError
from dancenow.video import frames, media
from dancenow.video.frames import FrameStore, extract_frames


def numbered(count, height=96, width=128):
    """Frame i is a smooth picture with a bar whose place tells i, in colour."""
    y, x = np.mgrid[:height, :width].astype(float)
    base = np.stack([x * 255 / width, y * 255 / height, 255 - x * 255 / width], -1).astype(np.uint8)
    film = np.repeat(base[None], count, 0)
    for i in range(count):
        film[i, :, 4 * i : 4 * i + 4] = (255, 0, 0)
    return film


def extract(clip, folder, long_edge=128):
    paths = folder / "alice.avi", folder / "alice.index.npy", folder / "alice.json"
    extract_frames([clip], [media.probe(clip)], long_edge, paths[0])
    return paths


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    media.encode(path, numbered(20), "30000/1001", 128, 96)
    return path


@pytest.fixture
def store(clip, tmp_path):
    return FrameStore(extract(clip, tmp_path)[0])


def test_a_store_tells_its_length_rate_size_and_facts(clip, store):
    assert len(store) == 20
    assert (store.fps, store.width, store.height) == (Fraction(30000, 1001), 128, 96)
    (facts,) = store.facts["clips"]
    assert facts == media.probe(clip) | {"first": 0, "fit": facts["fit"]}
    assert facts["fit"]["scale"] == 1.0 and store.cuts == []


def test_every_frame_comes_back_in_any_order(clip, store):
    decoded = list(media.decode(clip, media.probe(clip), 128, 96))
    for i in np.random.default_rng(0).permutation(20):
        frame = store[int(i)]
        assert frame.shape == (96, 128, 3)
        assert frame.dtype == np.uint8
        error = np.abs(frame.astype(int) - decoded[i])
        assert error.max() <= 16
        assert error.mean() < 1.5
        assert np.abs(np.argmax(frame[48, :, 0].astype(int) - frame[48, :, 1]) - 4 * i) <= 3


def test_numpy_integers_and_negative_indices_count_as_in_a_list(store):
    assert np.array_equal(store[-1], store[19])
    assert np.array_equal(store[np.int64(3)], store[3])


@pytest.mark.parametrize("i", [20, -21])
def test_out_of_range_is_an_index_error(i, store):
    with pytest.raises(IndexError, match="frame -?2[01] of 20"):
        store[i]


def test_a_loop_over_a_store_ends(store):
    assert sum(1 for _ in store) == 20


@pytest.mark.parametrize("space", ["bt709", "smpte170m"])
def test_colours_survive_whatever_matrix_the_clip_has(space, tmp_path):
    """ffmpeg's own colour bars (75 % grey, yellow, cyan, green, magenta, red, blue) come out as RGB."""
    path = tmp_path / "bars.mp4"
    matrix = "bt601" if space == "smpte170m" else space
    command = [media.ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i", "smptebars=s=224x128:r=5:d=1"]
    # smptebars is defined in BT.601 and says so; the clip is made of its RGB values.
    command += ["-vf", f"format=gbrp,scale=out_color_matrix={matrix}:out_range=tv,format=yuv444p"]
    command += ["-colorspace", space, "-color_range", "tv", "-c:v", "libx264", "-crf", "4", str(path)]
    subprocess.run(command, check=True)
    assert media.probe(path)["color_space"] == space
    bars = FrameStore(extract(path, tmp_path, 224)[0])[2][32, 16::32]
    high = 191
    expected = [(r * high, g * high, b * high) for g in (1, 0) for r in (1, 0) for b in (1, 0)][:7]
    assert np.abs(bars.astype(int) - expected).max() <= 6


def test_fine_colour_is_kept_in_full(tmp_path):
    """Lines of red and blue, one pixel wide, which 4:2:0 would mix into purple."""
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[:, ::2, 0] = frame[:, 1::2, 2] = 200
    jpeg = next(frames._jpegs([frame], []))
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert np.abs(decoded.astype(int) - frame).max() <= 12


def test_one_clip_is_three_files_and_the_same_bytes_again(clip, tmp_path):
    first = extract(clip, tmp_path / "one")
    second = extract(clip, tmp_path / "two")
    assert sorted((tmp_path / "one").iterdir()) == sorted(first)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_container_plays_as_a_film(clip, store):
    facts = media.probe(store.path)
    assert (facts["codec"], facts["fps"], facts["frames"]) == ("mjpeg", "30000/1001", 20)
    film = list(media.decode(store.path, facts, 128, 96))
    assert np.abs(film[7].astype(int) - store[7]).mean() < 1.5


@pytest.mark.parametrize("fps", ["1/10", "1/4", "500/1", "1000/1"])
def test_a_store_of_a_time_lapse_or_of_very_slow_motion_plays_as_a_film(fps, tmp_path):
    media.encode(tmp_path / "clip.mp4", numbered(80), fps, 128, 96)
    store = FrameStore(extract(tmp_path / "clip.mp4", tmp_path)[0])
    facts = media.probe(store.path)
    assert len(store) == 80 and (facts["fps"], facts["frames"]) == (fps, 80)


def test_threads_and_pickled_copies_read_the_same(store):
    expected = [store[i].sum() for i in range(20)]
    copy = pickle.loads(pickle.dumps(store))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda i: copy[i % 20].sum(), range(200))) == expected * 10


def test_any_frame_is_at_hand_in_the_time_that_its_jpeg_takes(tmp_path):
    cv2.setNumThreads(1)
    noise = np.random.default_rng(0).integers(0, 60, (6, 512, 512, 3), np.uint8)
    noise += cv2.resize(numbered(6)[0], (512, 512))[None] // 2
    media.encode(tmp_path / "clip.mp4", noise, "25/1", 512, 512)
    store = FrameStore(extract(tmp_path / "clip.mp4", tmp_path, 512)[0])
    film = store.path.read_bytes()
    jpegs = [np.frombuffer(film[at : at + size], np.uint8) for at, size in store._index.tolist()]

    def median(act):
        seconds = []
        for i in [3, 0, 5, 1, 4, 2] * 5:
            begun = time.process_time()
            act(i)
            seconds.append(time.process_time() - begun)
        return np.median(seconds)

    assert median(store.__getitem__) < 2 * median(lambda i: cv2.imdecode(jpegs[i], cv2.IMREAD_COLOR_RGB))


def test_positions_beyond_4_gib_fit_into_the_index(store):
    assert store._index.dtype == np.int64


# --- damage


def damaged(store, change):
    """A store over the same file after `change` of its bytes."""
    data = bytearray(store.path.read_bytes())
    store.path.write_bytes(change(data, *store._index[11].tolist()))
    return FrameStore(store.path)


@pytest.mark.parametrize(
    "change",
    [
        lambda data, offset, size: data[: offset + size // 2],
        lambda data, offset, size: data[:offset] + bytes(size) + data[offset + size :],
        lambda data, offset, size: data[: offset - 100] + data[offset:],
    ],
    ids=["cut", "zeroed", "shifted"],
)
def test_a_damaged_frame_is_named(change, store):
    broken = damaged(store, change)
    assert broken[3].shape == (96, 128, 3)
    with pytest.raises(InputError) as error:
        broken[11]
    assert "alice.avi: frame 11 is damaged" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", [".avi", ".index.npy", ".json"])
def test_a_missing_file_is_named(suffix, store):
    store.path.with_suffix(suffix).unlink()
    with pytest.raises(InputError, match=f"alice{suffix}: no such file; run extract_frames"):
        FrameStore(store.path)


@pytest.mark.parametrize(
    ("suffix", "content"), [(".json", b"{"), (".json", b"{}"), (".json", b"[1]"), (".index.npy", b"nothing")]
)
def test_a_spoilt_sidecar_is_named(suffix, content, store):
    store.path.with_suffix(suffix).write_bytes(content)
    with pytest.raises(InputError) as error:
        FrameStore(store.path)
    assert f"alice{suffix}" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_index_of_another_clip_is_refused(store):
    np.save(store.path.with_suffix(".index.npy"), np.zeros((3, 2), np.int64))
    with pytest.raises(InputError, match=r"alice\.index\.npy.*does not match"):
        FrameStore(store.path)


def test_nothing_is_left_of_a_damaged_clip(clip, tmp_path):
    data = bytearray(clip.read_bytes())
    middle = data.index(b"mdat") + 3000
    data[middle : middle + 2000] = bytes(2000)
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(data)
    with pytest.raises(InputError, match=r"torn\.mp4: damaged after frame"):
        extract(torn, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_is_left_when_the_last_file_cannot_be_written(clip, tmp_path, monkeypatch):
    def full(path, value):
        raise OSError("no space left")

    monkeypatch.setattr(frames, "write_json", full)
    with pytest.raises(OSError, match="no space"):
        extract(clip, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_progress_tells_rate_and_time_left(clip, tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(progress, "LOG_SECONDS", 0)
    extract(clip, tmp_path)
    assert "frame 10 of 20" in caplog.text
    assert "frames/s" in caplog.text
    assert "s left" in caplog.text
    assert json.loads((tmp_path / "alice.json").read_text())["frames"] == 20
