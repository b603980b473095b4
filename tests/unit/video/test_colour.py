"""Colours through decode and encode, against the definitions in BT.601, BT.709, BT.2020 and BT.2408."""

import numpy as np
import pytest

from clips import ffmpeg, film, read
from dancenow.errors import InputError
from dancenow.video import media
from dancenow.video.display import colour

PATCHES = np.array(
    [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
        (255, 255, 0),
        (0, 255, 255),
        (255, 0, 255),
        (191, 191, 191),
        (224, 172, 140),
    ]
)


def patches_in_yuv(kr, kb, full):
    """The patches as (3, 64, 256) uint8 Y'CbCr by the definition in BT.601 / BT.709, each 32 px wide."""
    red, green, blue = PATCHES.T / 255
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    chroma = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    planes = (
        [luma * 255, *(c * 255 + 128 for c in chroma)]
        if full
        else [luma * 219 + 16, *(c * 224 + 128 for c in chroma)]
    )
    rows = np.repeat(np.clip(np.round(planes), 0, 255).astype(np.uint8), 32, axis=1)
    return np.repeat(rows[:, None], 64, axis=1)


@pytest.mark.parametrize(
    "kr, kb, full, flags",
    [
        (0.299, 0.114, False, "colorspace=smpte170m:range=tv"),
        (0.299, 0.114, True, "colorspace=bt470bg:range=pc"),
        (0.2126, 0.0722, False, "colorspace=bt709:range=tv"),
        (0.2126, 0.0722, True, "colorspace=bt709:range=pc"),
        (0.2627, 0.0593, False, "colorspace=bt2020nc:range=tv"),
        (0.299, 0.114, False, None),  # nothing flagged and small: BT.601, limited
    ],
)
def test_colours_come_out_as_they_went_in(kr, kb, full, flags, tmp_path):
    options = f"-vf setparams={flags}" if flags else ""
    path = film(
        tmp_path / "bars.mp4",
        [patches_in_yuv(kr, kb, full)] * 2,
        "-pix_fmt yuv444p",
        options,
        pixel_format="yuv444p",
    )
    frame = next(media.decode(path, media.probe(path), 256, 64))
    assert np.abs(frame[32, 16::32].astype(int) - PATCHES).max() <= 3


def test_unflagged_high_definition_is_taken_as_bt709(tmp_path, caplog):
    caplog.set_level("INFO")
    tall = np.repeat(patches_in_yuv(0.2126, 0.0722, False)[:, :1], 720, axis=1)
    path = film(tmp_path / "hd.mp4", [tall], "-pix_fmt yuv444p", pixel_format="yuv444p")
    frame = next(media.decode(path, media.probe(path), 256, 704))
    assert np.abs(frame[350, 16::32].astype(int) - PATCHES).max() <= 3
    assert "assuming bt709" in caplog.text


def test_a_clip_stored_as_rgb_keeps_its_values(tmp_path):
    frame = np.repeat(np.repeat(PATCHES.astype(np.uint8)[None], 64, 0), 32, 1)
    path = film(tmp_path / "rgb.mkv", [frame], "-c:v ffv1 -pix_fmt gbrp")
    assert np.array_equal(next(media.decode(path, media.probe(path), 256, 64)), frame)


def test_hdr_is_tone_mapped_with_reference_white_below_white(tmp_path):
    # BT.2408: reference white, 203 cd/m2, is HLG signal 0.75; peak white is 1.0.
    ramp = np.concatenate(
        [np.full((64, 64), 64 + 876 * signal, np.uint16) for signal in (0, 0.38, 0.75, 1)], 1
    )
    planes = np.stack([ramp, np.full_like(ramp, 512), np.full_like(ramp, 512)])
    raw = planes.astype("<u2").tobytes()
    path = tmp_path / "hdr.mkv"
    ffmpeg(
        "-f rawvideo -pix_fmt yuv444p10le -s 256x64 -framerate 25 -i pipe: -c:v ffv1 -vf",
        "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=arib-std-b67:range=tv",
        path,
        data=raw,
    )
    black, grey, white, peak = next(media.decode(path, media.probe(path), 256, 64))[32, 32::64, 1].tolist()
    assert black <= 1 and 85 <= grey <= 125 and 200 <= white <= 235 and 240 <= peak <= 255


def test_encode_keeps_colours(tmp_path):
    frame = np.repeat(np.repeat(PATCHES.astype(np.uint8)[None], 64, 0), 32, 1)
    media.encode(tmp_path / "bars.mp4", [frame] * 3, "25/1", 256, 64)
    shown = read(tmp_path / "bars.mp4", 256, 64)[1]
    assert np.abs(shown[32, 16::32].astype(int) - PATCHES).max() <= 4


@pytest.mark.parametrize("space, number", [("ycgco", 8), ("ictcp", 14)])
def test_colours_that_cannot_be_converted_are_refused_and_not_said_to_be_unflagged(tmp_path, space, number):
    # newer versions of ffmpeg do not convert to them either, so the flag alone is written
    flag = f"-bsf:v h264_metadata=matrix_coefficients={number}"
    path = film(tmp_path / "odd.mkv", [np.full((64, 96, 3), 90, np.uint8)] * 2, flag)
    with pytest.raises(
        InputError, match=rf"odd\.mkv: its colours are stored as {space}, .* export it anew as BT\.709"
    ):
        media.probe(path)


@pytest.mark.parametrize(
    "flags, full",
    [
        ({"pix_fmt": "yuvj420p"}, True),  # as phones and Motion JPEG say it
        ({"pix_fmt": "yuv420p", "color_range": "pc"}, True),
        ({"pix_fmt": "yuv420p", "color_range": "tv"}, False),
        ({"pix_fmt": "yuv420p"}, False),
    ],
)
def test_full_range_is_told_by_its_flag_or_by_the_format(flags, full):
    assert colour("clip.mp4", flags | {"color_space": "bt709"}, 1080)["full_range"] == full


@pytest.mark.parametrize("profile, taken", [(5, False), (8, True)])
def test_dolby_vision_with_a_picture_of_its_own_is_refused(tmp_path, profile, taken):
    clip = film(tmp_path / "clip.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 2)
    with_box(clip, "avcC", b"dvcC", bytes([1, 0, profile << 1, 0x0D, 0x10 if taken else 0, *bytes(19)]))
    if taken:
        assert media.probe(clip)["frames"] == 2
    else:
        with pytest.raises(InputError, match=r"clip\.mp4: Dolby Vision .* \(profile 5\); export it as"):
            media.probe(clip)


def with_box(path, before, kind, content):
    """Put a box into an mp4 whose index stands at the end, in front of the one of the kind `before`."""
    held = bytearray(path.read_bytes())
    place = held.index(before.encode()) - 4
    box = (8 + len(content)).to_bytes(4) + kind + content
    for outer in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        start = held.rindex(outer, 0, place) - 4
        held[start : start + 4] = (int.from_bytes(held[start : start + 4]) + len(box)).to_bytes(4)
    held[place:place] = box
    path.write_bytes(held)
