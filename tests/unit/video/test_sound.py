"""The sound of a clip: which track is taken, gaps that are filled, what cannot be used said at once."""

import numpy as np
import pytest

from clips import ffmpeg, ffprobe, film, numbered, sounding_clip
from dancenow.video import media
from dancenow.video import sound as video_sound
from dancenow.video.trial_decoding import Undecodable, heard

SINE = "-f lavfi -i sine=f={}:r=48000:d=1.2"


def result(clip, folder, **wanted):
    """(facts, the finished mp4) for a clip of 96x64 px."""
    facts = media.probe(clip, **wanted)
    media.encode(folder / "silent.mp4", media.decode(clip, facts, 96, 64), facts["fps"], 96, 64)
    media.mux(folder / "silent.mp4", clip, facts, folder / "out.mp4")
    return facts, folder / "out.mp4"


def samples(path):
    """What a player hears that counts samples and looks at no time stamps, (samples,) at 48 kHz."""
    raw = ffmpeg("-i", path, "-map 0:a -af asetpts=N/SR/TB -ac 1 -ar 48000 -f s16le pipe:")
    return np.abs(np.frombuffer(raw, np.int16).astype(int))


def pitch(path):
    heard = samples(path)[10000:34000]
    wave = np.frombuffer(ffmpeg("-i", path, "-map 0:a -ac 1 -ar 48000 -f s16le pipe:"), np.int16)[10000:34000]
    assert len(heard) == len(wave) == 24000
    return 2 * np.argmax(np.abs(np.fft.rfft(wave.astype(float))))  # half a second: 2 Hz a step


# --- tracks


def tracks(path, *options, channels=(1, 1), flags="-disposition:a:0 0 -disposition:a:1 default"):
    """A film with a sound of 440 Hz and one of 1500 Hz."""
    sounds = f"{SINE.format(440)} {SINE.format(1500)}"
    layout = " ".join(f"-ac:a:{i} {count}" for i, count in enumerate(channels))
    maps = f"-map 0:v -map 1:a -map 2:a -c:a aac {layout} {flags}"
    return film(path, numbered(30), maps, *options, sound=sounds)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    "flags, channels, taken",
    [
        ("-disposition:a:0 0 -disposition:a:1 default", (1, 1), 1),
        ("-disposition:a:0 default -disposition:a:1 0", (1, 2), 0),
        ("-disposition:a:0 default -disposition:a:1 default", (1, 2), 1),
        ("-disposition:a:0 default -disposition:a:1 default", (1, 1), 0),
        ("-disposition:a:0 default+comment -disposition:a:1 default", (1, 1), 1),
    ],
)
def test_the_default_sound_else_the_widest_is_taken_and_the_others_named(
    flags, channels, taken, suffix, tmp_path, caplog
):
    if "comment" in flags and suffix == "mp4":
        flags = "-disposition:a:0 0 -disposition:a:1 default"  # mp4 cannot tell
    caplog.set_level("INFO")
    clip = tracks(tmp_path / f"clip.{suffix}", channels=channels, flags=flags)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["stream"] == 1 + taken and facts["audio"]["channels"] == channels[taken]
    assert pitch(made) == pytest.approx((440, 1500)[taken], abs=2)
    assert f"{1 + taken} (aac, {channels[taken]} channels) is used, not {2 - taken} (aac" in caplog.text


def unknown_codec(path, count):
    """Give the first `count` sounds of a mov a codec that ffmpeg cannot decode, as phones do."""
    data = path.read_bytes().replace(b"mp4a", b"apac", count).replace(b"esds", b"dapa", count)
    path.write_bytes(data)


@pytest.mark.parametrize("picture", [(0, 2), (2, 0)])
def test_the_sound_is_that_of_the_picture_s_channel(picture, tmp_path):
    """A recording of two channels of television: the larger picture's, though the other's is wider."""
    small, large = (
        film(tmp_path / "small.mp4", numbered(30)),
        film(tmp_path / "large.mp4", numbered(30, 128, 192)),
    )
    clip = tmp_path / "channels.ts"
    ones = "-program title=one:st=0:st=1 -program title=two:st=2:st=3"
    pictures = [small, large] if picture == (0, 2) else [large, small]
    ffmpeg(
        "-i", pictures[0], "-i", pictures[1], SINE.format(440), SINE.format(1500),
        f"-map 0 -map 2 -map 1 -map 3 -c:v copy -c:a aac -ac:a:{picture[0] // 2} 2 {ones}", clip,
    )  # fmt: skip
    facts, made = result(clip, tmp_path)
    assert facts["stream"] == picture[1] and facts["audio"]["stream"] == picture[1] + 1
    assert pitch(made) == pytest.approx(1500 if picture[1] else 440, abs=2)


def test_a_sound_that_cannot_be_decoded_is_passed_over(tmp_path, caplog):
    clip = tracks(tmp_path / "clip.mov", flags="-disposition:a:0 default -disposition:a:1 0")
    unknown_codec(clip, 1)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["stream"] == 2 and pitch(made) == pytest.approx(1500, abs=2)
    assert "clip.mov: its sound track 1 (apac, 1 channels) cannot be used" in caplog.text


def test_a_clip_whose_only_sound_cannot_be_decoded_is_said_to_be_silent(tmp_path, caplog):
    clip = sounding_clip(tmp_path).rename(tmp_path / "clip.mov")
    unknown_codec(clip, 1)
    facts, made = result(clip, tmp_path)
    assert facts["audio"] is None and media.probe(made)["audio"] is None
    assert "clip.mov: results with its sound will be silent; re-encode its sound" in caplog.text


def test_a_sound_that_mp4_cannot_take_is_said_at_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(video_sound, "joined", lambda *given, **options: (True, "no place for it"))
    assert media.probe(tracks(tmp_path / "clip.mkv"))["audio"] is None
    assert "cannot be used (no place for it)" in caplog.text and "will be silent" in caplog.text


def test_channels_without_a_layout_are_no_hindrance(tmp_path):
    sound = "-f s16le -ar 48000 -ac 24 -i /dev/zero -t 1.2"
    clip = film(tmp_path / "clip.mkv", numbered(30), "-c:a pcm_s16le", sound=sound)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["channels"] == 24
    assert ffprobe(made, "stream=codec_type,channels")["streams"][1]["channels"] == 2


def test_a_sound_without_a_packet_is_passed_over(tmp_path, caplog):
    clip = tracks(tmp_path / "clip.mkv", "-bsf:a:1 noise=drop=1")
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["stream"] == 1 and pitch(made) == pytest.approx(440, abs=2)
    assert "2 (aac, 1 channels) cannot be used (the track is empty)" in caplog.text


@pytest.mark.parametrize(
    "name, codec, rate, channels",
    [
        ("clip.mov", "pcm_s24le", 96000, 1),
        ("clip.mkv", "flac", 96000, 1),
        ("clip.mov", "pcm_s16le", 48000, 8),
        ("clip.mp4", "aac", 48000, 8),
        ("clip.avi", "pcm_u8", 8000, 1),
    ],
)
def test_unusual_rates_and_channels_keep_their_place_and_their_kind(name, codec, rate, channels, tmp_path):
    beep = f"-f lavfi -i sine=f=1000:r={rate}:d=1.2,volume=0:enable='not(between(t,0.5,0.7))'"
    clip = film(tmp_path / name, numbered(30), f"-c:a {codec} -ac {channels}", sound=beep)
    facts, made = result(clip, tmp_path)
    assert (facts["audio"]["sample_rate"], facts["audio"]["channels"]) == (rate, channels)
    told = ffprobe(made, "stream=codec_type,sample_rate,channels")["streams"][1]
    assert (int(told["sample_rate"]), told["channels"]) == (rate, channels)
    # ffmpeg's filter that silences works in steps of 1024 samples
    assert np.argmax(samples(made) > 500) / 48000 == pytest.approx(0.5, abs=0.03 + 1024 / rate)


@pytest.mark.parametrize("codec", ["wavpack", "tta"])
def test_a_sound_whose_packets_last_a_second_does_not_begin_anew(codec, tmp_path):
    clip = film(tmp_path / "clip.mkv", numbered(30), f"-c:a {codec}", sound=SINE.format(440))
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["codec"] == codec and pitch(made) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_channels_at_the_sides_are_heard_and_known_to_every_player(codec, tmp_path):
    """Of a disc's 5.1, with the channels at the sides, ffmpeg 5 makes AAC whose channels have no names."""
    beep = "-f lavfi -i sine=f=1000:r=48000:d=1.2,volume=0:enable='not(between(t,0.5,0.7))'"
    sides = f"-af aformat=channel_layouts=5.1(side) -c:a {codec}"
    clip = film(tmp_path / "clip.mkv", numbered(30), sides, sound=beep)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["channels"] == 6 and np.argmax(samples(made) > 500) / 48000 == pytest.approx(
        0.5, abs=0.06
    )
    if codec != "aac":  # which is copied
        told = ffprobe(made, "stream=codec_type,channel_layout")["streams"][1]
        assert told["channel_layout"] == "5.1"


@pytest.mark.parametrize("channels", [9, 10, 16])
def test_of_many_channels_the_first_two_are_heard(channels, tmp_path, caplog):
    tones = "|".join(f"0.5*sin({220 if each < 2 else 880}*2*PI*t)" for each in range(channels))
    sound = f"-f lavfi -i aevalsrc={tones}:s=48000:d=1.2"
    caplog.set_level("INFO")
    clip = film(tmp_path / "clip.mov", numbered(30), "-c:a pcm_s16le", sound=sound)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["channels"] == channels and pitch(made) == pytest.approx(220, abs=2)
    assert ffprobe(made, "stream=codec_type,channels")["streams"][1]["channels"] == 2
    assert f"has {channels} channels, of which the first two are used" in caplog.text


def test_a_sound_whose_times_begin_anew_is_said_to_be_of_no_use():
    """ffmpeg passes no times that step back: they stand still until the old ones are reached."""
    frames = [(0.02 * i, 0.02, None) for i in range(60)] + [(1.18, 0.02, None)] * 60
    with pytest.raises(Undecodable, match="its times begin anew after 1.2 s"):
        heard(frames)
    assert heard(frames[:60]) == (pytest.approx(1.2), 0)


def test_a_picture_shorter_than_the_sound_is_no_warning_in_matroska(tmp_path, caplog):
    """Whose header gives the end of the longest track alone."""
    clip = beeping(tmp_path / "clip.mkv", "aac", length=4.0)
    facts, made = result(clip, tmp_path)
    assert facts["frames"] == 30 and media.probe(made)["audio"]["end"] == pytest.approx(1.2, abs=0.03)
    assert "its header says" not in caplog.text


def test_subtitles_longer_than_the_picture_are_no_warning_in_matroska(tmp_path, caplog):
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:09,000\nla la la\n\n")
    clip = film(tmp_path / "silent.mkv", numbered(30))
    both = tmp_path / "clip.mkv"
    ffmpeg("-i", clip, "-i", tmp_path / "words.srt", "-map 0 -map 1 -c copy", both)
    assert media.probe(both)["frames"] == 30
    assert "its header says" not in caplog.text


# --- gaps


def beeping(path, codec, options="", length=1.2):
    """30 frames with a beep at 0.9 s."""
    beep = f"-f lavfi -i sine=f=1000:r=48000:d={length},volume=0:enable='not(between(t,0.9,1.0))'"
    return film(path, numbered(30), f"-c:a {codec} {options}", sound=beep)


@pytest.mark.parametrize(
    "name, codec",
    [
        ("gap.mkv", "aac"),
        ("gap.mp4", "aac"),
        ("gap.mkv", "pcm_s16le"),
        ("gap.mkv", "libopus"),
        ("gap.ts", "mp2"),
    ],
)
def test_a_gap_in_the_sound_is_filled_with_silence(name, codec, tmp_path, caplog):
    caplog.set_level("INFO")
    whole = beeping(tmp_path / f"whole.{name[4:]}", codec)
    clip = tmp_path / name
    start = 1.4 if name.endswith("ts") else 0
    between = f"gt(pts*tb-{start}\\,0.25)*lt(pts*tb-{start}\\,0.65)"
    ffmpeg("-i", whole, f"-copyts -c copy -bsf:a noise=drop={between}", clip)
    facts, made = result(clip, tmp_path)
    assert facts["audio"]["straying"] == pytest.approx(0.4, abs=0.06)
    assert np.argmax(samples(made) > 500) / 48000 == pytest.approx(0.9, abs=0.03)
    if codec != "pcm_s16le":
        assert "has gaps" in caplog.text


def test_a_sound_that_changes_its_channels_midway_is_not_put_off(tmp_path):
    for name, tone, channels in (("film", 440, 2), ("advert", 1500, 1)):
        sine = f"-f lavfi -i sine=f={tone}:r=48000:d=0.8"  # shorter than the picture, which leaves a gap
        film(tmp_path / f"{name}.ts", numbered(30), f"-c:a aac -ac {channels}", sound=sine)
    (tmp_path / "list.txt").write_text("file film.ts\nfile advert.ts\n")
    ffmpeg("-f concat -i", tmp_path / "list.txt", "-c copy", tmp_path / "clip.ts")
    facts, made = result(tmp_path / "clip.ts", tmp_path)
    assert facts["audio"]["straying"] > video_sound.OFF and facts["duration"] == pytest.approx(2.4, abs=0.05)
    raw = ffmpeg("-i", made, "-map 0:a -af aresample=async=1 -ac 1 -ar 48000 -f s16le pipe:")
    loud = np.flatnonzero(np.abs(np.frombuffer(raw, np.int16).astype(int)) > 500) / 48000
    assert loud[np.argmax(np.diff(loud)) + 1] == pytest.approx(1.2, abs=0.1)
    assert loud[-1] == pytest.approx(2.0, abs=0.1)
    assert len(samples(made)) / 48000 < 2.1  # no silence besides, which would put the rest off


@pytest.mark.parametrize("rates", [(44100, 48000), (48000, 44100), (48000, 24000)])
def test_a_sound_that_changes_its_rate_midway_keeps_its_pitch_and_pace(rates, tmp_path):
    for number, rate in enumerate(rates):
        sine = f"-f lavfi -i sine=f=1500:r={rate}:d=1.2"
        film(tmp_path / f"{number}.ts", numbered(30), f"-c:a aac -ar {rate}", sound=sine)
    (tmp_path / "list.txt").write_text("file 0.ts\nfile 1.ts\n")
    ffmpeg("-f concat -i", tmp_path / "list.txt", "-c copy", tmp_path / "clip.ts")
    facts, made = result(tmp_path / "clip.ts", tmp_path)
    assert facts["audio"]["end"] - facts["start"] == pytest.approx(2.4, abs=0.1)
    raw = ffmpeg("-i", made, "-map 0:a -ac 1 -ar 48000 -f s16le pipe:")
    later = np.frombuffer(raw, np.int16)[72000:96000].astype(float)
    assert 2 * np.argmax(np.abs(np.fft.rfft(later))) == pytest.approx(1500, rel=0.045)  # copied, 8 % off


@pytest.mark.parametrize("late", [0.2, -0.3])
def test_a_sound_that_begins_late_or_early_is_counted_from_the_first_frame(late, tmp_path):
    whole = beeping(tmp_path / "whole.mkv", "aac", length=2)
    clip = tmp_path / "clip.mkv"
    early = max(0, -late)
    ffmpeg(
        f"-itsoffset {early} -i",
        whole,
        f"-itsoffset {max(0, late)} -i",
        whole,
        "-map 0:v -map 1:a -c copy",
        clip,
    )
    _, made = result(clip, tmp_path)
    beeps = np.flatnonzero(samples(made) > 500)
    assert beeps[0] / 48000 == pytest.approx(0.9 + late, abs=0.03)


def test_a_sound_shorter_than_the_picture_ends_before_it(tmp_path):
    _, made = result(beeping(tmp_path / "clip.mkv", "aac", length=1.0), tmp_path)
    told = ffprobe(made, "stream=codec_type,duration")["streams"]
    assert [float(stream["duration"]) for stream in told] == pytest.approx([1.2, 1.0], abs=0.03)
    assert np.argmax(samples(made) > 500) / 48000 == pytest.approx(0.9, abs=0.03)


@pytest.mark.parametrize("name, codec", [("clip.mp4", "aac"), ("clip.mkv", "aac"), ("clip.mkv", "pcm_s16le")])
def test_a_part_after_the_end_of_the_sound_is_silent_and_said_to_be(name, codec, tmp_path, caplog):
    caplog.set_level("INFO")
    _, made = result(beeping(tmp_path / name, codec, length=0.5), tmp_path, start=0.8)
    assert media.probe(made)["audio"] is None
    assert f"{name}: its sound ends before the picture begins" in caplog.text


def test_a_sound_that_begins_before_the_picture_is_copied_and_one_that_begins_late_is_filled():
    aac = {"codec": "aac", "channels": 2, "pieces": False, "straying": 0.0}
    assert video_sound._hindrance(aac, -0.5) is None and video_sound._hindrance(aac, 0.02) is None
    assert "begins 0.50 s late" in video_sound._hindrance(aac, 0.5)
    assert video_sound._hindrance(aac | {"codec": "flac"}, -0.5) == "cannot be cut in mp4"


def test_a_whole_sound_is_still_copied(tmp_path):
    facts, made = result(beeping(tmp_path / "clip.mp4", "aac"), tmp_path)
    assert facts["audio"]["straying"] < 0.002
    packets = [ffmpeg("-i", path, "-map 0:a -c copy -f data pipe:") for path in (tmp_path / "clip.mp4", made)]
    assert packets[0] == packets[1]
