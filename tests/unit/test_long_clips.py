"""What a clip of 24 minutes takes: nothing may hold a table of all its frames by all its frames."""

import tracemalloc

import numpy as np
import pytest

from dancenow.evaluation import kernel_distance as kernel
from dancenow.keypoints import COUNT, People
from dancenow.model.background import make_background
from dancenow.model.windows import WINDOW_MARGIN, person_boxes
from dancenow.pages.gallery import series
from dancenow.pose import tracks
from dancenow.pose.normalize import measure_normalization
from performers import performer

LONG = 36_000  # frames
MB = 1e6


def peak(work):
    """What `work` returns, and the bytes that it held at most beside what was there before."""
    tracemalloc.start()
    try:
        made = work()
        return made, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_boxes_of_a_long_clip_take_memory_by_the_frame():
    keypoints = np.zeros((LONG, COUNT, 3), np.float32)
    keypoints[::3, 5:13] = np.random.default_rng(0).uniform(1, 200, (LONG // 3, 8, 3))
    boxes, most = peak(lambda: person_boxes(keypoints))
    assert np.isfinite(boxes).all()
    assert most < 4 * keypoints.nbytes  # 57 MB; all frames by all known ones were 3.5 GB, twice


def nearest_by_table(frames, known):
    """The frame of `known` nearest to each, the earlier of two, from a table of all distances."""
    return known[np.abs(frames[:, None] - known[None]).argmin(axis=1)]


@pytest.mark.parametrize("seed", range(20))
def test_a_frame_without_a_person_takes_the_nearest_ones_box_and_the_earlier_of_two(seed):
    draw = np.random.default_rng(seed)
    keypoints = draw.uniform(0, 200, (40, COUNT, 3)).astype(np.float32)
    keypoints[draw.random(40) < draw.choice([0.2, 0.8])] = 0
    keypoints[draw.integers(40)] = 50
    known = np.flatnonzero(keypoints[..., 2].any(axis=1))
    found = keypoints[nearest_by_table(np.arange(40), known)]
    low, high = found[..., :2].min(axis=1), found[..., :2].max(axis=1)
    margin = WINDOW_MARGIN * np.median((high - low).max(axis=1))
    sure = (found[..., 2] >= 0.05).all()
    boxes = person_boxes(keypoints)
    alone = person_boxes(found)  # every frame known: nothing is looked for
    assert np.array_equal(boxes, alone)
    if sure:
        assert np.array_equal(boxes, np.concatenate([low - margin, high + margin], axis=1))


def test_kernel_distance_of_a_long_clip_compares_in_stripes():
    samples = LONG // 10
    features = np.random.default_rng(0).normal(size=(2, samples, 4))
    found, most = peak(lambda: kernel.kernel_distance(*features, np.arange(samples) // 90, seed=0, rounds=50))
    assert found["low"] < found["mean"] < found["high"]
    assert most < 60 * MB  # one table of all pairs is 104 MB, and there were six


def test_stripes_are_the_whole_table_up_to_rounding():
    x, y = np.random.default_rng(1).normal(size=(2, 600, 4))
    blocks = np.arange(600) // 7
    k = [(one @ other.T / 4 + 1) ** 3 for one, other in ((x, x), (y, y), (x, y))]
    apart = blocks[:, None] != blocks[None]
    mean = (k[0] + k[1] - k[2] - k[2].T)[apart].mean()
    assert kernel.kernel_distance(x, y, blocks, seed=0)["mean"] == pytest.approx(mean, rel=1e-9)


@pytest.mark.parametrize("choice", ["largest", "left", "center"])
def test_a_clip_of_many_shots_is_measured_once(choice, monkeypatch):
    one = performer(300).keypoints
    people = People(one, np.arange(300, dtype=np.int32), 300, 25, 256, 192, "x", "y")
    persons, cuts = [tracks.Person(np.arange(300), 1.0)], list(range(3, 300, 3))
    measured, measure = [], tracks._scores
    monkeypatch.setattr(tracks, "_scores", lambda people: measured.append(1) or measure(people))
    rows = tracks.choose_performer(people, persons, choice, cuts)
    assert np.array_equal(rows, np.arange(300))
    assert len(measured) == 1  # in each of the shots it was the whole clip's measure


def test_a_background_holds_its_samples_once():
    pose = performer(240, width=128, height=96)

    class Decoded:
        def __getitem__(self, index):
            return np.full((96, 128, 3), 90, np.uint8)

    background, most = peak(lambda: make_background(Decoded(), pose, 240))
    assert (background == 90).all()
    # one and a third with the masks, and some rows and maps; it was more than two and a half
    assert most < 1.7 * 240 * 96 * 128 * 3


def test_the_gallerys_distance_looks_at_as_many_frames_as_the_report(monkeypatch):
    pose, compared = performer(90), []
    compare = series.compare_part
    monkeypatch.setattr(series, "MOST_FRAMES", 30, raising=False)
    monkeypatch.setattr(series, "compare_part", lambda *given: compared.append(given) or compare(*given))
    distance, _ = series.distance_to_shown(pose, pose, measure_normalization(pose))
    asked, shown, _, fps = compared[0]
    assert (len(asked), len(shown), len(distance)) == (90, 30, 90)
    assert fps == pytest.approx(float(pose.fps) / 3)
