"""Pictures that a container or the stream itself turns or mirrors are upright, in any version of ffmpeg.

The right picture is made with numpy from the display matrix: (x, y) goes to (a x + c y, b x + d y).
"""

import struct

import numpy as np
import pytest
from test_containers import clean_aperture, first_frame
from test_selection import quartered

from clips import film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import media

# a, b, c, d -> degrees clockwise, whether mirrored left to right before
TURNS = {
    (1, 0, 0, 1): (0, False),
    (0, 1, -1, 0): (90, False),
    (-1, 0, 0, -1): (180, False),
    (0, -1, 1, 0): (270, False),
    (-1, 0, 0, 1): (0, True),
    (0, -1, -1, 0): (90, True),
    (1, 0, 0, -1): (180, True),
    (0, 1, 1, 0): (270, True),
}


def turn(path, *numbers):
    """Write the display matrix of an mp4's picture."""
    a, b, c, d = (round(number * 65536) for number in numbers)
    data = bytearray(path.read_bytes())
    struct.pack_into(">9i", data, data.index(b"tkhd") + 44, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def turned(frame, a, b, c, d):
    down, across = np.indices(frame.shape[:2])
    x, y = a * across + c * down, b * across + d * down
    x, y = x - x.min(), y - y.min()
    picture = np.zeros((y.max() + 1, x.max() + 1, 3), np.uint8)
    picture[y, x] = frame
    return picture


def is_picture(frame, wanted):
    return frame.shape == wanted.shape and np.abs(frame.astype(int) - wanted).mean() < 4


@pytest.mark.parametrize("matrix", TURNS)
def test_a_display_matrix_and_a_clean_aperture_are_both_applied(matrix, tmp_path):
    path = film(tmp_path / "phone.mov", [quartered(96, 160)] * 2)
    clean_aperture(path, 40, 24, 0, 0)
    turn(path, *matrix)
    facts, frame = first_frame(path)
    assert (facts["rotation"], facts["mirrored"]) == TURNS[matrix]
    assert is_picture(frame, turned(quartered(96, 160)[24:, 40:], *matrix))


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (0, 1, 1, 0)])
def test_pixels_that_are_not_square_are_made_square_after_a_turn(matrix, tmp_path):
    path = film(tmp_path / "phone.mov", [quartered(96, 96)] * 2, "-vf setsar=2")
    turn(path, *matrix)
    facts, frame = first_frame(path)
    assert (facts["width"], facts["height"]) == (96, 192)
    assert is_picture(frame, turned(quartered(96, 192), *matrix))


@pytest.mark.parametrize("suffix", ["mp4", "ts", "h264", "mkv"])
def test_a_turn_that_only_the_stream_tells_is_applied(suffix, tmp_path):
    told = "-bsf:v h264_metadata=display_orientation=insert:rotate=90"
    facts, frame = first_frame(film(tmp_path / f"clip.{suffix}", [quartered(64, 128)] * 4, told))
    assert (facts["rotation"], facts["width"], facts["height"]) == (270, 64, 128)
    assert is_picture(frame, np.rot90(quartered(64, 128)))


@pytest.mark.parametrize("suffix", ["mp4", "ts"])
@pytest.mark.parametrize("codec", ["libx264", "libx264 -g 10"])
def test_a_turn_that_single_frames_tell_costs_none_of_them(suffix, codec, tmp_path):
    """ffmpeg builds its filters anew where the rotation is told, and lost the first frame."""
    told = "-bsf:v h264_metadata=display_orientation=insert:rotate=90:flip=horizontal"
    path = film(tmp_path / f"clip.{suffix}", numbered(30), f"-c:v {codec}", told)
    facts = media.probe(path, start=0.2)
    assert facts["mirrored"] and facts["frames"] == 25
    assert numbers(media.decode(path, facts, 64, 96)) == list(range(5, 30))
    assert numbers(read(path, 64, 96)) == list(range(30))


def test_a_turn_of_interlaced_footage_is_made_after_its_fields_are_parted(tmp_path):
    fields = np.zeros((50, 64, 96, 3), np.uint8)
    for i, field in enumerate(fields):
        field[:, i : i + 24] = 220
    interlaced = "-vf tinterlace=interleave_top,setfield=tff -flags +ilme+ildct"
    path = film(tmp_path / "camcorder.mov", fields, interlaced, fps="50")
    turn(path, 0, 1, -1, 0)
    facts = media.probe(path)
    assert facts["interlaced"] and facts["rotation"] == 90
    edge = list(media.decode(path, facts, 64, 96))[12][:, 20:40, 0].astype(int)
    assert np.ptp(edge, axis=1).max() < 30  # a line that moves down is as far everywhere


def test_a_matrix_of_zeros_says_nothing_and_another_angle_is_refused(tmp_path):
    path = film(tmp_path / "clip.mov", [quartered(64, 128)] * 2)
    turn(path, 0, 0, 0, 0)
    assert is_picture(first_frame(path)[1], quartered(64, 128))
    turn(path, 0.70711, 0.70711, -0.70711, 0.70711)
    with pytest.raises(InputError) as error:
        media.probe(path)
    one_line(error, "clip.mov", "rotated by 45 degrees; re-encode the clip upright")
