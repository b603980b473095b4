"""Edit lists of mp4 and mov, which show parts of a track: frames and sound as a player shows them."""

import struct

import numpy as np
import pytest
from test_encode_mux import sound

from clips import film, numbered, numbers, one_line, read
from dancenow.errors import InputError
from dancenow.video import media
from dancenow.video.boxes import endless_edit, in_fragments, in_pieces

BEEP = "-f lavfi -i sine=f=1000:r=48000:d=1.2,volume=0:enable='not(between(t,0.8,0.9))'"
PAUSE = None


def edited(path, *edits, wide=False, rate=1 << 16):
    """30 frames with a beep at 0.8 s, of which (first frame, frames) are shown, or (PAUSE, frames).

    wide: numbers of 64 bits; rate: of 16 bits behind the point.
    """
    data, place = bytearray(film(path, numbered(30), "-bf 2 -c:a aac", sound=BEEP).read_bytes()), 0
    movie = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)[0]
    while (place := data.find(b"elst", place + 1)) > 0:
        zero = struct.unpack_from(">i", data, place + 16)[0]
        media_rate = struct.unpack_from(">I", data, data.index(b"mdhd", place) + 16)[0]
        written = struct.pack(">B3xI", wide, len(edits))
        for first, count in edits:
            begin = -1 if first is PAUSE else zero + media_rate * first // 25
            written += struct.pack(">QqI" if wide else ">IiI", movie * count // 25, begin, rate)
        size = struct.unpack_from(">I", data, place - 4)[0]
        data[place + 4 : place - 4 + size] = written
        for kind in (b"elst", b"edts", b"trak", b"moov"):
            box = data.rindex(kind, 0, place + 4) - 4
            struct.pack_into(
                ">I", data, box, struct.unpack_from(">I", data, box)[0] + len(written) + 8 - size
            )
    path.write_bytes(data)
    return path


def beep(clip, facts, folder):
    """The second at which the finished video beeps, or None."""
    media.encode(folder / "silent.mp4", read(clip), facts["fps"], 96, 64)
    media.mux(folder / "silent.mp4", clip, facts, folder / "out.mp4")
    loud = np.flatnonzero(sound(folder / "out.mp4") > 500)
    return loud[0] / 48000 if len(loud) else None


@pytest.mark.parametrize("suffix, wide", [("mp4", False), ("mov", True)])
@pytest.mark.parametrize("first", [0, 10])
def test_an_edit_of_duration_0_goes_to_the_end(suffix, wide, first, tmp_path):
    """As QuickTime and some phones write it."""
    clip = edited(tmp_path / f"clip.{suffix}", (first, 0), wide=wide)
    facts = media.probe(clip)
    assert facts["frames"] == 30 - first and numbers(read(clip)) == list(range(first, 30))
    assert beep(clip, facts, tmp_path) == pytest.approx(0.8 - first / 25, abs=0.04)


@pytest.mark.parametrize(
    "edits, shown, beeps",
    [
        ([(0, 10), (18, 12)], [*range(10), *range(18, 30)], 0.48),
        ([(0, 10), (24, 6)], [*range(10), *range(24, 30)], None),
        ([(15, 10), (0, 10)], [*range(15, 25), *range(10)], 0.2),
    ],
)
def test_what_was_cut_out_of_the_middle_is_neither_seen_nor_heard(edits, shown, beeps, tmp_path):
    clip = edited(tmp_path / "clip.mov", *edits)
    facts = media.probe(clip)
    assert (facts["fps"], facts["frames"], facts["variable_rate"]) == ("25/1", len(shown), False)
    assert numbers(read(clip)) == shown
    heard = beep(clip, facts, tmp_path)
    assert heard is None if beeps is None else heard == pytest.approx(beeps, abs=0.04)


def test_pieces_at_times_that_ffmpeg_cannot_tell_are_refused(tmp_path):
    with pytest.raises(InputError) as error:
        media.probe(edited(tmp_path / "clip.mp4", (0, 10), (PAUSE, 10), (10, 10)))
    one_line(error, "clip.mp4", "its edit list shows pieces of it", "re-encode it")


@pytest.mark.parametrize("rate", [1 << 15, 1 << 17])
def test_edits_at_another_speed_are_refused(rate, tmp_path):
    """ffmpeg plays them as recorded, twice or half as fast as meant, out of step with the sound."""
    with pytest.raises(InputError) as error:
        media.probe(edited(tmp_path / "clip.mov", (0, 30), rate=rate))
    one_line(error, "clip.mov", "plays it slower or faster", "re-encode it")


@pytest.mark.parametrize("rate", [0, 1])
def test_a_rate_that_was_not_written_as_it_should_be_is_none(rate, tmp_path):
    assert media.probe(edited(tmp_path / "clip.mp4", (0, 30), rate=rate))["frames"] == 30


@pytest.mark.parametrize(
    "data",
    [
        b"", b"moov", bytes(64), b"\0\0\0\1moov" + bytes(8), b"\xff\xff\xff\xffmoov", b"\x1aE\xdf\xa3" * 9,
        b"\0\0\0\x20moov\0\0\0\x18trak\0\0\0\x10edts\0\0\0\x08elst",
    ],
)  # fmt: skip
def test_boxes_of_nonsense_are_no_edits(data, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert not (endless_edit(path) or in_pieces(path) or in_fragments(path))
