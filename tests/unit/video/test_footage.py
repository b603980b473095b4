"""Footage as cameras, phones and editors make it: time stamps, colours and sound come out right.

Rotation, pixel shape and odd sizes are in test_framing, matrices and ranges in test_colour, varying rates and
edit lists in test_decode, sound that starts late or runs on in test_encode_mux and
test_sound, crops, tracks and beginnings in test_containers.
"""

import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from test_colour import PATCHES, patches_in_yuv

import field_coded
from clips import ffmpeg, film, numbered, numbers, read
from dancenow.video import media
from dancenow.video.times import frame_rate, frame_times


def combing(frame):
    """How much each line differs from the two beside it, mean of levels."""
    lines = frame[..., 1].astype(float)
    return np.abs(lines[1:-1] - (lines[:-2] + lines[2:]) / 2).mean()


@pytest.mark.parametrize("order", ["top", "bottom"])
def test_interlaced_footage_comes_without_combs_and_in_time(order, tmp_path):
    fields = np.zeros((50, 64, 96, 3), np.uint8)
    for i, field in enumerate(fields):
        field[:, i : i + 24] = 220
    path = film(
        tmp_path / "camcorder.mpg",
        fields,
        f"-vf tinterlace=interleave_{order},setfield={order[0]}ff -c:v mpeg2video -q:v 2 -flags +ilme+ildct",
        fps="50",
    )
    facts = media.probe(path)
    assert facts["interlaced"] and facts["fps"] == "25/1" and facts["frames"] == 25
    woven = list(media.decode(path, facts | {"interlaced": False}, 96, 64))
    frames = list(media.decode(path, facts, 96, 64))
    assert combing(woven[12]) > 1.5 and combing(frames[12]) < 0.3
    centres = [np.average(np.arange(96), weights=frame[32, :, 0]) for frame in frames[2:-2]]
    assert np.diff(centres) == pytest.approx(2, abs=0.5)  # two fields a frame, one px a field


@pytest.mark.parametrize("suffix", ["mts", "mp4", "mov", "mkv", "avi", "h264"])
def test_frames_that_are_stored_as_two_fields_count_once(suffix, tmp_path, caplog):
    levels = range(16, 216, 10)
    path = tmp_path / f"avchd.{suffix}"
    form = {"mts": "mpegts", "mkv": "matroska"}.get(suffix, suffix)
    ffmpeg(f"-framerate 25 -i pipe: -c copy -f {form}", path, data=field_coded.stream(levels))
    facts = media.probe(path)
    assert (facts["fps"], facts["frames"], facts["interlaced"]) == ("25/1", 20, True)
    shown = [frame.mean() for frame in media.decode(path, facts, 64, 64)]
    assert shown == pytest.approx([(level - 16) * 255 / 219 for level in levels], abs=2)
    assert "torn" not in caplog.text


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("fps", ["1/1", "240/1", "60000/1001"])
def test_slow_and_fast_rates_keep_every_frame(fps, suffix, tmp_path):
    path = film(tmp_path / f"clip.{suffix}", numbered(30), "-bf 2", fps=fps)
    facts = media.probe(path)
    assert (facts["fps"], facts["frames"], facts["variable_rate"]) == (fps, 30, False)
    assert numbers(read(path)) == list(range(30))


@pytest.mark.parametrize(
    "name, options, fps",
    [
        ("screen.mp4", "-video_track_timescale 1000", "1000/1"),
        ("drawn.gif", "-c:v gif -pix_fmt rgb8", "12/1"),  # whose clock has 100 ticks a second
        ("slow_motion.mov", "-bf 2", "120/1"),
        ("ticks_of_a_millisecond.mp4", "-video_track_timescale 1000", "30/1"),
    ],
)
def test_odd_rates_and_clocks_keep_every_frame(name, options, fps, tmp_path):
    path = film(tmp_path / name, numbered(24), options, fps=fps)
    facts = media.probe(path)
    assert (facts["fps"], facts["frames"], facts["variable_rate"]) == (fps, 24, False)
    assert numbers(read(path)) == list(range(24))


@pytest.mark.parametrize(
    "name, options",
    [
        ("negative.mp4", "-movflags +negative_cts_offsets -avoid_negative_ts disabled"),
        ("no_edit_list.mp4", "-use_editlist 0"),
        ("fragments.mp4", "-movflags +frag_keyframe+empty_moov+default_base_moof -g 7"),
        ("negative.nut", "-output_ts_offset -3"),
        ("hours_in.ts", "-output_ts_offset 26000"),
        ("wraps_around.ts", "-output_ts_offset 95442.2"),  # 33 bits of 90 kHz end at 95443.7 s
        ("no_times.h264", ""),
        ("no_times.hevc", "-c:v libx265 -x265-params log-level=error"),
        ("no_times.avi", "-c:v mpeg4 -q:v 2"),
    ],
)
def test_time_stamps_negative_missing_or_wrapped_lose_no_frame(name, options, tmp_path):
    path = film(tmp_path / name, numbered(30), "-bf 2", options)
    facts = media.probe(path)
    assert (facts["fps"], facts["frames"]) == ("25/1", 30)
    assert numbers(read(path)) == list(range(30))


@pytest.mark.parametrize("last, end", [(0, 1600), (1, 1600), (30, 1590)])
def test_a_last_frame_that_is_said_to_last_a_tick_lasts_as_long_as_others(last, end):
    # ffmpeg says so of the packets that it copies into AVI; their average rate is that of the ticks, then
    packets = {"pts": range(0, 1600, 40), "duration": [*[40] * 39, last], "pos": [0] * 40, "key": [1] * 40}
    video = {"time_base": "1/1000", "avg_frame_rate": "1000/1", "index": 0, "interlaced": False}
    times, stop, _ = frame_times("clip.avi", video, 0, packets, None)
    assert (len(times), stop) == (40, end)


@pytest.mark.parametrize("frames", [12, 75])
def test_a_last_frame_that_is_held_is_shown_as_long(frames, tmp_path):
    """As a recorder of the screen writes it, and an editor: all before come at a constant rate."""
    path, held = tmp_path / "screen.mp4", f"setts=duration=DURATION*if(eq(N\\,29)\\,{frames}\\,1)"
    ffmpeg("-i", film(tmp_path / "whole.mp4", numbered(30), "-bf 0"), f"-c copy -bsf:v {held}", path)
    assert media.probe(path)["frames"] == 29 + frames
    assert numbers(read(path)) == [*range(29), *[29] * frames]


@pytest.mark.parametrize("pace", [r"floor(N/2)/15+0.001*mod(N\,2)", r"floor(N/5)/6+0.002*mod(N\,5)"])
def test_frames_that_come_in_bursts_are_not_taken_for_a_thousand_a_second(pace, tmp_path):
    times = f"-vf settb=1/90000,setpts=({pace})/TB -fps_mode passthrough -enc_time_base 1/90000"
    path = film(tmp_path / "camera.mp4", numbered(30), times, fps="30")
    facts = media.probe(path)
    assert facts["variable_rate"] and 24 <= Fraction(facts["fps"]) <= 30
    assert facts["duration"] == pytest.approx(1, abs=0.17)
    assert len(read(path)) == pytest.approx(facts["frames"], abs=1)


def test_a_film_on_a_dvd_whose_frames_last_three_fields_and_two_in_turn_keeps_each():
    """It was shown at 20 or 30 frames a second, with every sixth frame left out or every fourth twice."""
    television = {"r_frame_rate": "60000/1001", "avg_frame_rate": "30000/1001"}
    times = np.cumsum([0, 3003, 6006, *np.tile([3003, 4504.5], 60)]).astype(int)  # as ffmpeg reads them
    assert frame_rate(times, Fraction(1, 90000), television) == (Fraction(24000, 1001), False)
    # where one frame is missing, the others keep their rate
    steady = {"r_frame_rate": "25/1", "avg_frame_rate": "24/1"}
    for gap in range(1, 12):
        gappy = np.delete(np.arange(13) * 3600, gap)
        assert frame_rate(gappy, Fraction(1, 90000), steady)[0] == 25


def test_rates_of_fields_of_screens_and_of_few_frames_are_kept():
    def rate(times, nominal):
        ticks = np.rint(np.array(times) * 90000).astype(int)
        return frame_rate(ticks, Fraction(1, 90000), {"r_frame_rate": nominal, "avg_frame_rate": "0/0"})

    # two fields each, at a rate that is not television's
    assert rate(np.arange(60) / 15, "30/1") == (15, False)
    # near to 30, but in a minute it would be six frames off
    assert rate(np.arange(600) / 29.9, "299/10") == (Fraction(299, 10), False)
    # four frames are near to their places at almost any rate
    assert rate(np.arange(4) / 27, "1000/1")[0] == 27
    # a screen that stands still for a minute, and then shows a dance
    still = np.arange(600) / 10
    assert rate([*still, *(60 + np.arange(450) / 30)], "60/1") == (30, True)
    # but not one that stirs for a moment, nor what is recorded for slow motion
    assert rate([*still, *(60 + np.arange(100) / 30)], "60/1") == (10, True)
    assert rate([*(2 * still), *(120 + np.arange(450) / 240)], "240/1") == (5, True)
    # every second frame but for a moment: at 12, one in 25 would be left out
    assert rate([*np.arange(25) / 25, *(1 + np.arange(112) / 12.5)], "25/1") == (Fraction(25, 2), True)
    # one pause in a few frames is no pause between bursts
    assert rate([0, 1 / 30, 2 / 30, 2.1, 2.1 + 1 / 30, 2.1 + 2 / 30, 2.2], "1000/1")[0] == 30


def test_repeated_frames_of_theora_are_shown_in_time(tmp_path):
    # as a recorder of the screen writes them, empty
    meant = [*range(10), *[9] * 10, *range(10, 20)]
    shown = numbered(20)[meant]
    facts = media.probe(film(tmp_path / "clip.ogv", shown, "-c:v libtheora -q:v 10 -g 100"))
    assert (facts["frames"], facts["fps"]) == (30, "25/1")
    for _ in range(5):  # with several threads, some of them show a later frame
        assert numbers(media.decode(tmp_path / "clip.ogv", facts, 96, 64)) == meant


def test_slow_motion_within_a_clip_keeps_all_its_frames(tmp_path):
    slow = r"if(lt(N\,6)\,N/30\,if(lt(N\,26)\,6/30+(N-6)/240\,6/30+20/240+(N-26)/30))"
    times = f"-vf settb=1/90000,setpts=({slow})/TB -fps_mode passthrough -enc_time_base 1/90000"
    path = film(tmp_path / "phone.mov", numbered(30), times, fps="30")
    assert media.probe(path)["fps"] == "240/1" and set(numbers(read(path))) >= set(range(29))


def test_two_frames_of_one_millisecond_do_not_make_a_pause_vanish(tmp_path):
    shown = r"if(lt(N\,10)\,N\,if(eq(N\,20)\,49.001\,N+30))/30"
    times = f"-vf settb=1/90000,setpts=({shown})/TB -fps_mode passthrough -enc_time_base 1/90000 -bf 0"
    path = film(tmp_path / "screen.mkv", numbered(30), times, fps="30")
    facts, seen = media.probe(path), numbers(read(path))
    assert facts["fps"] == "30/1" and facts["variable_rate"]
    assert seen[:10] == list(range(10)) and set(seen[10:40]) == {9} and seen[40:] == [
        10, 11, 12, 13, 14, 15, 16, 17, 18, 20, 20, *range(21, 30)
    ]  # fmt: skip


# --- colours


def ten_bits(kr, kb, full):
    """The patches as (3, 64, 256) uint16 of 10 bits."""
    return patches_in_yuv(kr, kb, full).astype("<u2") * (1023 / 255 if full else 4)


X265 = "-c:v libx265 -x265-params log-level=error:lossless=1"


@pytest.mark.parametrize("codec, full", [("-c:v ffv1", False), (X265, False), (X265, True)])
def test_ten_bits_keep_their_colours(codec, full, tmp_path):
    planes = np.round(ten_bits(0.2126, 0.0722, full)).astype("<u2")
    path = tmp_path / "clip.mkv"
    ffmpeg(
        f"-f rawvideo -pix_fmt yuv444p10le -s 256x64 -framerate 25 -i pipe: {codec}",
        f"-vf setparams=colorspace=bt709:range={'pc' if full else 'tv'}",
        path,
        data=planes.tobytes() * 2,
    )
    facts = media.probe(path)
    assert facts["pixel_format"] == "yuv444p10le" and facts["full_range"] is full
    frame = next(media.decode(path, facts, 256, 64))
    assert np.abs(frame[32, 16::32].astype(int) - PATCHES).max() <= 3


def perceptual_quantizer(nits):
    """SMPTE ST 2084: cd/m2 -> signal, 0 to 1."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    y = (np.asarray(nits) / 10000) ** m1
    return ((c1 + c2 * y) / (1 + c3 * y)) ** m2


def shown_in_hdr(path, *options):
    """Patches of grey, yellow and blue, 32 px wide, in a PQ clip, as they are decoded."""
    levels = np.array([[150, 150, 150], [150, 150, 40], [40, 40, 150]], np.uint8)
    frames = levels.repeat(32, axis=0)[None, None].repeat(2, axis=0).repeat(64, axis=1)
    primaries = "-c:v ffv1 -color_primaries bt2020 -color_trc smpte2084"
    film(path, frames, *options, primaries)
    return next(media.decode(path, media.probe(path), 96, 64))[32, 16::32].astype(int)


@pytest.mark.parametrize("matrix, space", [("bt709", "bt709"), ("bt601", "smpte170m"), ("bt2020", None)])
def test_hdr_keeps_its_colours_in_rgb_and_with_the_flag_of_another_matrix(matrix, space, tmp_path):
    """As a screen is recorded, and as some editors write it; without a flag it is BT.2100's."""
    flag = f"-colorspace {space}" if space else ""
    other = shown_in_hdr(
        tmp_path / "other.mkv",
        f"-vf scale=out_color_matrix={matrix},format=yuv444p10",
        f"-pix_fmt yuv444p10 {flag}",
    )
    plain = shown_in_hdr(tmp_path / "rgb.mkv", "-vf format=gbrp10", "-pix_fmt gbrp10 -colorspace rgb")
    assert np.abs(other - plain).max() <= 4 and np.ptp(plain[0]) <= 2 and plain[1, 0] > 2 * plain[1, 2]


def hdr_clip(path, luma, cr, transfer):
    """Bars, each 32 px wide, of a 10-bit limited-range BT.2020 clip; luma, cr: signals."""
    planes = [64 + 876 * np.asarray(luma), np.full(len(luma), 512), 512 + 896 * np.asarray(cr)]
    rows = np.round(planes).astype("<u2").repeat(32, axis=1)[:, None].repeat(64, axis=1)
    ffmpeg(
        f"-f rawvideo -pix_fmt yuv444p10le -s {32 * len(luma)}x64 -framerate 25 -i pipe: {X265} -vf",
        f"setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc={transfer}:range=tv",
        path,
        data=rows.tobytes() * 2,
    )
    return path


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_tone_mapped_and_said_to_be(transfer, tmp_path, caplog):
    caplog.set_level("INFO")
    # cd/m2, of which 203 is reference white by ITU-R BT.2408; HLG on a screen of 1000 cd/m2
    pq = perceptual_quantizer([0.0001, 26, 203, 600, 1000])
    luma = pq if transfer == "smpte2084" else np.array([0, 0.38, 0.75, 0.9, 1])
    path = hdr_clip(tmp_path / "hdr.mp4", luma, np.zeros(5), transfer)
    frame = next(media.decode(path, media.probe(path), 160, 64))
    black, grey, white, bright, brightest = frame[32, 16::32].astype(int)
    assert black.max() <= 2 and 85 <= grey.min() <= grey.max() <= 125
    assert 200 <= white.min() <= white.max() <= 235
    assert white.max() < bright.min() < brightest.max() <= 255
    assert all(np.ptp(patch) <= 3 for patch in (grey, white, bright))  # grey stays grey
    assert f"hdr.mp4: HDR footage ({transfer}) is tone-mapped to BT.709" in caplog.text


def test_red_in_hdr_stays_red(tmp_path):
    path = hdr_clip(tmp_path / "hdr.mp4", [0.3, 0.3], [0.0, 0.2], "smpte2084")
    frame = next(media.decode(path, media.probe(path), 64, 64))
    red, green, blue = frame[32, 48].astype(int)
    assert red > 1.5 * max(green, blue)


# --- length


def test_probing_a_long_clip_keeps_a_few_bytes_a_frame(tmp_path):
    def peak(seconds):
        path = tmp_path / f"{seconds}.mkv"
        ffmpeg(f"-f lavfi -i color=s=64x64:r=200:d={seconds} -preset ultrafast", path)
        tracemalloc.start()
        assert media.probe(path)["frames"] == 200 * seconds
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    assert peak(20) - peak(2) < 200 * 18 * 150
