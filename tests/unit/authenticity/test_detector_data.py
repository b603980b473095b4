from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import film, numbered, one_line, read
from dancenow.authenticity.detector_data import (
    common_edge,
    degrade,
    draw_squares,
    moving_squares,
    read_pairs,
    reencode,
    stored_pairs,
)
from dancenow.errors import InputError
from dancenow.provenance.detection import find_mark
from dancenow.provenance.finishing import MARK_KEY, kept_key
from dancenow.provenance.mark import payload_of
from dancenow.video import media
from dancenow.video.frames import FrameStore, write_frames

WIDTH, HEIGHT = 96, 64


def level(picture):
    """Number of a frame of clips.numbered, or of a square of it."""
    return round((float(picture.mean()) - 20) / 7)


@pytest.fixture
def stored(tmp_path):
    """A FrameStore of 30 frames of which number i is grey of level i, at 25 frames per second."""
    facts = {"width": WIDTH, "height": HEIGHT, "fps": "25/1", "cuts": []}
    write_frames(numbered(30), "25/1", lambda count: facts | {"frames": count}, tmp_path / "anna.avi")
    return tmp_path / "anna.avi"


def test_a_clip_is_written_as_a_result_is(stored, tmp_path):
    reencode(stored, tmp_path / "real.mp4", {"mark": False, "label": "none"})
    store = FrameStore(stored)
    media.encode(tmp_path / "result.mp4", [store[i] for i in range(30)], "25/1", WIDTH, HEIGHT)
    assert (tmp_path / "real.mp4").read_bytes() == (tmp_path / "result.mp4").read_bytes()


def test_real_clips_carry_the_mark_of_results_so_that_it_tells_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    Path(MARK_KEY).write_bytes(bytes(range(32)))
    Path(MARK_KEY).chmod(0o600)
    draw, size = np.random.default_rng(0), (512, 288)
    wall = sum(cv2.resize(draw.normal(0, 2, (288 // n, 512 // n, 3)), size) for n in (2, 4, 8, 16, 32))
    facts = {"width": size[0], "height": size[1], "fps": "25/1", "cuts": []}
    frames = [np.clip(wall + 120 + step, 0, 255).astype(np.uint8) for step in range(4)]
    write_frames(frames, "25/1", lambda count: facts | {"frames": count}, tmp_path / "anna.avi")
    reencode(tmp_path / "anna.avi", tmp_path / "real.mp4", {"mark": True, "label": "none"})
    assert find_mark(tmp_path / "real.mp4", kept_key()).payload == payload_of([tmp_path / "anna.avi"])


def test_pairs_are_consecutive_frames_spread_over_the_video(stored, tmp_path):
    path = film(tmp_path / "clip.mp4", numbered(30))
    for pairs in (list(read_pairs(path, 4, 32)), list(stored_pairs(stored, 4, 32))):
        assert [number for number, _ in pairs] == [0, 9, 19, 28]
        found = [[level(frame) for frame in squares[0]] for _, squares in pairs]
        assert found == [[0, 1], [9, 10], [19, 20], [28, 29]]
        assert {squares.shape for _, squares in pairs} == {(4, 2, 3, 32, 32)}
    assert len(list(read_pairs(path, 100, 32))) == 29


def test_the_squares_in_which_most_changes():
    pair = np.zeros((2, 3, HEIGHT, WIDTH), np.uint8)
    pair[1, :, 40:50, 70:80] = 200  # second row, third column
    pair[1, 1, 0, 0] = 90
    squares = moving_squares(pair, 32)
    assert squares.shape == (4, 2, 3, 32, 32)
    assert (squares[0] == pair[..., 32:64, 64:96]).all() and (squares[1] == pair[..., :32, :32]).all()
    moved = moving_squares(pair, 32, corner=(31, 30))  # one row of two columns is left
    assert len(moved) == 2 and (moved[0] == pair[..., 31:63, 62:94]).all()
    assert moving_squares(pair, 80).shape == (1, 2, 3, HEIGHT, HEIGHT)


def test_every_video_gives_as_many_squares(tmp_path):
    dark = film(tmp_path / "dark.mp4", numbered(5))
    bright = film(tmp_path / "bright.mp4", numbered(30)[20:])
    squares = draw_squares([dark, bright], 40, 32, seed=0)
    assert squares.shape == (40, 2, 3, 32, 32) and squares.dtype == np.uint8
    first = [level(square[0]) for square in squares]
    assert set(first[:20]) == {0, 1, 2, 3} and min(first[20:]) >= 20
    assert [level(square[1]) for square in squares] == [number + 1 for number in first]
    assert (squares == draw_squares([dark, bright], 40, 32, seed=0)).all()
    assert (squares[20:] == draw_squares([dark, bright], 40, 32, seed=1)[20:]).mean() < 1


def test_squares_are_drawn_on_grids_of_any_place(tmp_path):
    ramp = np.broadcast_to(np.arange(WIDTH, dtype=np.uint8)[None, None, :, None] * 2, (8, HEIGHT, WIDTH, 3))
    squares = draw_squares([film(tmp_path / "ramp.mp4", ramp)], 200, 32, seed=0)
    left = (squares[:, 0, :, :, 0].mean(axis=(1, 2)) / 2).round()  # of each square's first column
    assert left.min() <= 1 and left.max() >= WIDTH - 32 - 1 and len(set(left % 32)) > 20


def test_squares_fit_into_the_smallest_video(tmp_path):
    small = film(tmp_path / "small.mp4", numbered(3, 48, 80))
    large = film(tmp_path / "large.mp4", numbered(3, 96, 128))
    assert common_edge([large]) == 64 and common_edge([large, small]) == 48


def test_degraded_is_coarser_or_smaller_and_else_the_same(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (10, HEIGHT, WIDTH, 3), np.uint8)
    path = film(tmp_path / "clip.mp4", frames)
    degrade(path, tmp_path / "coarse.mp4", 40, 1)
    degrade(path, tmp_path / "small.mp4", 16, 2)
    assert (tmp_path / "coarse.mp4").stat().st_size < path.stat().st_size / 4
    facts = {name: media.probe(tmp_path / f"{name}.mp4") for name in ("clip", "coarse", "small")}
    assert {each["frames"] for each in facts.values()} == {10} and {
        each["fps"] for each in facts.values()
    } == {"25/1"}
    assert facts["small"]["width"] == WIDTH // 2 and facts["small"]["height"] == HEIGHT // 2
    assert len(read(tmp_path / "coarse.mp4")) == 10


def test_a_single_frame_is_no_pair(tmp_path):
    path = film(tmp_path / "one.mp4", numbered(1))
    for take in (lambda: list(read_pairs(path, 5, 32)), lambda: draw_squares([path], 5, 32, 0)):
        with pytest.raises(InputError) as error:
            take()
        one_line(error, "one.mp4", "no two consecutive frames", "longer clip")
