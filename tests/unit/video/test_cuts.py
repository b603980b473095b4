"""Cuts are found where the picture changes for good, and nowhere else; nothing reaches across them."""

import numpy as np
import pytest

from clips import ffmpeg
from dancenow.video import cuts, media
from dancenow.video.cuts import CutFinder, cuts_after, segment_starts, segments


def found(frames, fps=25):
    finder = CutFinder(fps)
    for frame in frames:
        finder.add(frame)
    finder.finish()
    return finder.cuts


def scene(seed, height=96, width=128):
    """A room that is nobody else's: large soft patches of colour."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (6, 8, 3))
    fine = coarse.repeat(-(-height // 6), 0).repeat(-(-width // 8), 1)
    return fine[:height, :width].astype(np.uint8)


def shot(seed, count, speed=4):
    """A room with a white bar, a tenth of its width, that crosses it."""
    frames = np.repeat(scene(seed)[None], count, 0)
    for i, frame in enumerate(frames):
        frame[20:, (x := speed * i % 116) : x + 12] = 255
    return frames


def test_segments_are_the_runs_between_cuts():
    assert segments(10, [7, 3]) == [(0, 3), (3, 7), (7, 10)]
    assert segments(10, []) == [(0, 10)]
    assert segments(4, [0, 2, 2, 4]) == [(0, 2), (2, 4)]
    assert segments(0, []) == []
    assert segment_starts(6, [2, 5]).tolist() == [0, 0, 2, 2, 2, 5]
    assert cuts_after([2, 5, 9], 5) == [4]


def test_a_film_joined_from_two_sources_is_cut_where_they_meet(tmp_path):
    path = tmp_path / "joined.mp4"
    ffmpeg(
        "-f lavfi -i testsrc=s=128x96:r=25:d=0.8 -f lavfi -i mandelbrot=s=128x96:r=25",
        "-f lavfi -i smptebars=s=128x96:r=25:d=0.6 -filter_complex",
        "[1:v]trim=duration=0.6[m];[0:v][m][2:v]concat=n=3 -pix_fmt yuv420p",
        path,
    )
    assert found(media.decode(path, media.probe(path), 128, 96)) == [20, 35]


@pytest.mark.parametrize("fps", [10, 25, 60])
@pytest.mark.parametrize("cut", [[12], [12, 40], [2], [58]])
def test_cuts_between_shots_are_found_to_the_frame(cut, fps):
    edges = [0, *cut, 60]
    frames = np.concatenate([shot(i, b - a) for i, (a, b) in enumerate(zip(edges, edges[1:], strict=False))])
    assert found(frames, fps) == cut


def test_a_cut_in_a_fast_dance_is_found():
    assert found(np.concatenate([shot(0, 30, speed=8), shot(1, 30, speed=8)])) == [30]


def test_at_few_frames_a_second_a_cut_is_found_and_a_flash_is_none():
    """A fifth of a second of a time lapse is one frame, which tells nothing alone."""
    assert found(np.concatenate([shot(0, 30), shot(1, 30)]), fps=5) == [30]
    assert found(flash(shot(0, 60), 1), fps=5) == []


def flash(frames, length):
    frames[30 : 30 + length] = 255
    return frames


def strobe(frames):
    for i in range(10, 50, 6):
        frames[i : i + 3] = frames[i : i + 3] // 5
    return frames


def light_switched_off(frames):
    frames[30:] = (frames[30:] * np.array([0.35, 0.3, 0.5])).astype(np.uint8)
    return frames


def whip_pan(frames):
    wide = np.concatenate([scene(seed) for seed in range(4)], axis=1)
    for i in range(60):
        x = 0 if i < 20 else min(24 * (i - 20), 384)
        frames[i] = wide[:, x : x + 128]
    return frames


def hand_held(frames):
    wide = np.tile(scene(0), (2, 2, 1))
    rng = np.random.default_rng(1)
    for frame in frames:
        x, y = rng.integers(0, 10, 2)
        frame[:] = wide[y : y + 96, x : x + 128]
    return frames


def grain_that_changes(frames):
    """A dark picture whose compression is another from one key frame to the next."""
    frames[:30], frames[30:] = (np.random.default_rng(seed).integers(0, 40, (96, 128, 1)) for seed in (0, 1))
    return frames


NO_CUTS = {
    "still": lambda frames: frames,
    "flash of one frame": lambda frames: flash(frames, 1),
    "flash of four frames": lambda frames: flash(frames, 4),
    "strobe light": strobe,
    "light switched off": light_switched_off,
    "whip pan": whip_pan,
    "hand-held camera": hand_held,
    "leap across the room": lambda frames: shot(0, 60, speed=31),
    "grain in the dark": grain_that_changes,
}


@pytest.mark.parametrize("name", NO_CUTS)
def test_what_moves_or_flashes_is_no_cut(name):
    assert found(NO_CUTS[name](shot(0, 60))) == []


def test_a_cut_between_two_framings_of_one_room_is_found():
    """They differ by less than two rooms do: of this picture, a part."""
    frames = np.repeat(scene(0)[None], 60, 0)
    frames[30:, :, 112:] = scene(1)[:, 112:]
    frames[:, 40:44, 40:44] = np.arange(60, dtype=np.uint8)[:, None, None, None] * 4
    seen = [cuts._descriptor(frame) for frame in frames[29:31]]
    assert cuts.ALIKE < cuts._difference(*seen) < cuts.DIFFERENT
    assert found(frames) == [30]


def test_a_cut_to_black_and_back_is_two_cuts_when_it_lasts():
    frames = shot(0, 60)
    frames[20:40] = 16
    assert found(frames) == [20, 40]


def test_what_is_kept_does_not_grow_with_the_film():
    finder = CutFinder(25)
    for frame in shot(0, 60):
        finder.add(frame)
    kept = len(finder._seen)
    for frame in shot(0, 60):
        finder.add(frame)
    assert len(finder._seen) == len(finder._steps) == kept == 2 * round(cuts.SECONDS_AROUND * 25)
